import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Backend } from "../core/backend.ts";
import { KawaError } from "../core/errors.ts";
import { createMemoryBackend } from "../core/memory-backend.ts";
import { namespace } from "../core/namespace.ts";
import type { BackedSignal } from "../core/signal.ts";
import { keepAlive } from "./keep-alive.ts";

const ttlMs = 9_000;

let count = 0;
let backend: Backend;

beforeEach(() => {
  vi.useFakeTimers();
  count += 1;
  backend = createMemoryBackend(`keep-alive-${count}`);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function signalOf(id: string): BackedSignal<unknown> {
  const family = namespace("app", { backend }).family((one: string) => ({ key: one, default: "" }), { ttlMs });
  return family(id) as unknown as BackedSignal<unknown>;
}

const direct = <T>(fn: () => T): T => fn();

describe("keepAlive", () => {
  it("renews what it is given until it is stopped, and nothing else", async () => {
    const [kept, other] = [signalOf("kept"), signalOf("other")];
    await kept.set("here");
    await other.set("here");
    const stop = keepAlive({ signals: [kept], asOpener: direct });
    await vi.advanceTimersByTimeAsync(10 * ttlMs);
    expect(await backend.keys("")).toEqual(["app:kept"]);
    stop();
    await vi.advanceTimersByTimeAsync(ttlMs);
    expect(await backend.keys("")).toEqual([]);
  });

  it("gives no value to what has none", async () => {
    const signal = signalOf("none");
    const stop = keepAlive({ signals: [signal], asOpener: direct });
    await vi.advanceTimersByTimeAsync(ttlMs);
    stop();
    expect(await backend.keys("")).toEqual([]);
  });

  it("renews as who opened the stream", async () => {
    let actor = "nobody";
    const renewals: string[] = [];
    vi.spyOn(backend, "renew").mockImplementation(async () => renewals.push(actor) > 0);
    const asOpener = <T>(fn: () => T): T => {
      actor = "ada";
      try {
        return fn();
      } finally {
        actor = "nobody";
      }
    };
    const stop = keepAlive({ signals: [signalOf("kept")], asOpener });
    await vi.advanceTimersByTimeAsync(ttlMs);
    stop();
    expect(renewals).toEqual(["ada", "ada", "ada", "ada"]);
  });

  it("asks again after a refusal, more and more seldom, and says nothing of it", async () => {
    const errors = vi.spyOn(console, "error").mockImplementation(() => {});
    const renew = vi.spyOn(backend, "renew").mockRejectedValue(new KawaError("ACTION_REFUSED", "Not yours."));
    const stop = keepAlive({ signals: [signalOf("kept")], asOpener: direct });
    await vi.advanceTimersByTimeAsync(ttlMs);
    stop();
    expect(renew).toHaveBeenCalledTimes(3);
    expect(errors).not.toHaveBeenCalled();
  });

  it("sends no further renewal of a key while one waits for the actor", async () => {
    const errors = vi.spyOn(console, "error").mockImplementation(() => {});
    const waiting = Promise.withResolvers<boolean>();
    const renew = vi.spyOn(backend, "renew").mockReturnValueOnce(waiting.promise);
    const stop = keepAlive({ signals: [signalOf("kept")], asOpener: direct });
    await vi.advanceTimersByTimeAsync(5 * ttlMs);
    expect(renew).toHaveBeenCalledTimes(1);
    waiting.reject(new KawaError("BACKEND_TIMEOUT", "The actor is away."));
    await vi.advanceTimersByTimeAsync(ttlMs);
    stop();
    expect(renew.mock.calls.length).toBeGreaterThan(1);
    expect(errors).toHaveBeenCalledTimes(1);
  });
});
