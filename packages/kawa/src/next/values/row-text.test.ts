import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { ValueRow } from "../../browser/value-protocol.ts";
import { QuotedTexts, rowText } from "./row-text.ts";

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
});

const textOf = (name: string, length: number): string => JSON.stringify([name.padEnd(length, "x")]);

describe("the JSON of a row", () => {
  it.each<[string, ValueRow]>([
    ["a value", ["app:a", '["text"]', 7, "epoch"]],
    ["no value", ['app:"quoted"\n', null, 0, ""]],
    ["a long value", ["app:long", textOf("\u2028<é\ud83d\ude00", 5_000), 9, "e"]],
    ["half a character", ["app:half", `["\ud83d${"y".repeat(2_000)}"]`, 1, "e"]],
  ])("is what JSON.stringify gives: %s", (_, row) => {
    expect(rowText(row)).toBe(JSON.stringify(row));
    expect(rowText(row)).toBe(JSON.stringify(row));
  });
});

describe("long values on their way to browsers", () => {
  it("are written out once for all who ask at the same time, and forgotten soon", () => {
    const texts = new QuotedTexts();
    const stringify = vi.spyOn(JSON, "stringify");
    for (let reader = 0; reader < 20; reader += 1) texts.of(`long ${"x".repeat(60_000)}`);
    expect(stringify).toHaveBeenCalledTimes(1);
    expect(texts.size).toBe(1);
    vi.advanceTimersByTime(2_000);
    expect([texts.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it("are remembered up to 8 Mi characters, the newest ones; short ones are not", () => {
    const texts = new QuotedTexts();
    for (let n = 0; n < 200; n += 1) texts.of(textOf(String(n), 100_000));
    expect(texts.size).toBe(83);
    for (let n = 0; n < 1_000; n += 1) texts.of(`short ${n}`);
    expect(texts.size).toBe(83);
  });
});
