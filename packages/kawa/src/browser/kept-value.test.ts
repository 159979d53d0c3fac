import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Backend } from "../core/backend/backend.ts";
import { KawaError } from "../core/errors/errors.ts";
import { createMemoryBackend } from "../core/memory/memory-backend.ts";
import { namespace } from "../core/namespace.ts";
import type { Signal } from "../core/signal.ts";
import { KeptValue } from "./kept-value.ts";
import { valuePort } from "./value-port.ts";

let count = 0;
let backend: Backend;
let page: EventTarget;
let errors: unknown[];
let keeping: KeptValue<unknown>[];

beforeEach(() => {
  vi.useFakeTimers();
  count += 1;
  backend = createMemoryBackend(`kept-${count}`);
  page = new EventTarget();
  errors = [];
  keeping = [];
  for (const name of ["addEventListener", "removeEventListener"] as const) vi.stubGlobal(name, page[name].bind(page));
});
afterEach(() => {
  for (const kept of keeping) kept.release();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function member(id: string): Signal<unknown> {
  return namespace("app", { backend }).family((one: string) => ({ key: one, default: undefined as unknown }), {
    ttlMs: 600_000,
  })(id);
}

function keep(signal: Signal<unknown>): KeptValue<unknown> {
  const kept = new KeptValue(signal, { onError: (error) => errors.push(error) });
  keeping.push(kept);
  return kept;
}

const valuesOf = async (): Promise<unknown[]> => [...(await backend.entries(""))];

describe("a kept value", () => {
  it("is named to the stream up to as many as a tab may have, and the page says once what happens to the others", async () => {
    const report = vi.spyOn(console, "error").mockReturnValue();
    for (let n = 10; n < 35; n += 1) keep(member(`m${n}`));
    await vi.waitUntil(() => report.mock.calls.length > 0);
    expect(valuePort().kept).toEqual(Array.from({ length: 20 }, (_, n) => `app:m${n + 10}`));
    expect(report).toHaveBeenCalledTimes(1);
    const [error] = report.mock.calls[0]!;
    expect(error).toMatchObject({
      code: "STREAMS_EXHAUSTED",
      message: expect.stringContaining("A tab renews 20: the others end."),
    });
    report.mockRestore();
  });

  it("is set, named to the stream, and removed when it is released", async () => {
    const kept = keep(member("a"));
    expect(valuePort().kept).toEqual(["app:a"]);
    await kept.set("here");
    expect(await valuesOf()).toEqual([["app:a", "here"]]);
    kept.release();
    expect(valuePort().kept).toEqual([]);
    expect(await valuesOf()).toEqual([]);
    expect(errors).toEqual([undefined]);
  });

  it("is written when it differs, whatever it consists of", async () => {
    const kept = keep(member("a"));
    const written: unknown[] = [];
    backend.onChange(() => written.push(member("a").peek()));
    for (const value of [
      { at: new Date(1) },
      { at: new Date(1) },
      { at: new Date(2) },
      new Map([[1, 2]]),
      new Map([[1, 2]]),
    ])
      await kept.set(value);
    expect(written).toEqual([{ at: new Date(1) }, { at: new Date(2) }, new Map([[1, 2]])]);
  });

  it("is set again when it was lost", async () => {
    const kept = keep(member("a"));
    await kept.set("here");
    await backend.delete("app:a");
    expect(await valuesOf()).toEqual([["app:a", "here"]]);
  });

  it("stays while another component of the page keeps it", async () => {
    const [first, second] = [keep(member("a")), keep(member("a"))];
    await first.set("here");
    await second.set("here");
    first.release();
    expect(await valuesOf()).toEqual([["app:a", "here"]]);
    expect(valuePort().kept).toEqual(["app:a"]);
    second.release();
    expect(await valuesOf()).toEqual([]);
  });

  it("is removed when the page is left, and set again when it comes back", async () => {
    const kept = keep(member("a"));
    await kept.set("here");
    page.dispatchEvent(new Event("pagehide"));
    expect(await valuesOf()).toEqual([]);
    page.dispatchEvent(new Event("pageshow"));
    expect(await valuesOf()).toEqual([["app:a", "here"]]);
  });

  it("is not sent again after a refusal, until it is another one", async () => {
    const refusal = new KawaError("ACTION_REFUSED", "No.");
    const set = vi.spyOn(backend, "set").mockRejectedValue(refusal);
    const kept = keep(member("a"));
    await kept.set("here");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(set).toHaveBeenCalledTimes(1);
    expect(errors).toEqual([refusal]);
    set.mockRestore();
    await kept.set("elsewhere");
    expect(await valuesOf()).toEqual([["app:a", "elsewhere"]]);
    expect(errors).toEqual([refusal, undefined]);
  });

  it.each([
    ["a lost network", new KawaError("BACKEND_UNAVAILABLE", "There is no connection.")],
    ["somebody else has signed in", new KawaError("UNAUTHORIZED", "Somebody else is signed in now.")],
  ])("is sent again after %s, unless it was released", async (_, lost) => {
    vi.spyOn(backend, "set").mockRejectedValueOnce(lost).mockRejectedValueOnce(lost);
    const [kept, released] = [keep(member("a")), keep(member("b"))];
    await Promise.all([kept.set("here"), released.set("there")]);
    released.release();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await valuesOf()).toEqual([["app:a", "here"]]);
  });
});
