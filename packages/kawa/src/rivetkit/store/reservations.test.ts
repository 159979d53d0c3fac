import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Batch } from "./batch-group.ts";
import { Reservations } from "./reservations.ts";

const batchOf = (client: string, written: readonly string[], read: readonly string[] = []): Batch => ({
  client,
  number: 1,
  settled: 1,
  writes: written.map((key) => ({ key, text: "[1]" })),
  checks: read.map((key) => [key, 1]),
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("reserved keys", () => {
  it("hold up batches of others that use them, until their transaction has come", async () => {
    const reservations = new Reservations();
    reservations.grant(batchOf("a", ["x"], ["y"]));
    expect(reservations.whenFree(batchOf("a", ["x"]))).toBeUndefined();
    expect(reservations.whenFree(batchOf("b", ["z"]))).toBeUndefined();
    const waiting = reservations.whenFree(batchOf("b", ["y"]));
    reservations.end(batchOf("a", ["x"], ["y"]));
    await waiting;
    expect(reservations.whenFree(batchOf("b", ["x", "y"]))).toBeUndefined();
  });

  it("are free again after a moment, whatever becomes of it", async () => {
    const reservations = new Reservations();
    reservations.grant(batchOf("a", ["x"]));
    const waiting = reservations.whenFree(batchOf("b", ["x"]));
    await vi.advanceTimersByTimeAsync(100);
    await waiting;
    expect(reservations.whenFree(batchOf("b", ["x"]))).toBeUndefined();
  });

  it("belong to who was first, and are not too many", () => {
    const reservations = new Reservations();
    reservations.grant(batchOf("a", ["x"]));
    reservations.grant(batchOf("b", ["x", "y"]));
    expect(reservations.whenFree(batchOf("c", ["y"]))).toBeUndefined();
    const many = Array.from({ length: 65 }, (_, n) => `k${n}`);
    reservations.grant(batchOf("b", many));
    expect(reservations.whenFree(batchOf("c", many))).toBeUndefined();
    for (let n = 0; n < 1_100; n += 1) reservations.grant(batchOf(`c${n}`, [`one:${n}`]));
    expect(reservations.whenFree(batchOf("d", ["one:998"]))).toBeDefined();
    expect(reservations.whenFree(batchOf("d", ["one:1050"]))).toBeUndefined();
  });
});
