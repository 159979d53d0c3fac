import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Backend } from "../../core/backend/backend.ts";
import { KawaError } from "../../core/errors/errors.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { namespace } from "../../core/namespace.ts";
import type { BackedSignal } from "../../core/signal.ts";
import { renewPresence } from "./renew-presence.ts";

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

describe("renewPresence", () => {
  it("renews what it is given until it is stopped, and nothing else", async () => {
    const [kept, other] = [signalOf("kept"), signalOf("other")];
    await kept.set("here");
    await other.set("here");
    const stop = renewPresence({ signals: [kept], asOpener: direct });
    await vi.advanceTimersByTimeAsync(10 * ttlMs);
    expect(await backend.keys("")).toEqual(["app:kept"]);
    stop();
    await vi.advanceTimersByTimeAsync(ttlMs);
    expect(await backend.keys("")).toEqual([]);
  });

  it("gives no value to what has none", async () => {
    const signal = signalOf("none");
    const stop = renewPresence({ signals: [signal], asOpener: direct });
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
    const stop = renewPresence({ signals: [signalOf("kept")], asOpener });
    await vi.advanceTimersByTimeAsync(ttlMs);
    stop();
    expect(renewals).toEqual(["ada", "ada", "ada", "ada"]);
  });

  it("asks again after a refusal, more and more seldom, and says nothing of it", async () => {
    const errors = vi.spyOn(console, "error").mockImplementation(() => {});
    const renew = vi.spyOn(backend, "renew").mockRejectedValue(new KawaError("ACTION_REFUSED", "Not yours."));
    const stop = renewPresence({ signals: [signalOf("kept")], asOpener: direct });
    await vi.advanceTimersByTimeAsync(ttlMs);
    stop();
    expect(renew).toHaveBeenCalledTimes(3);
    expect(errors).not.toHaveBeenCalled();
  });

  it("sends no further renewal of a key while one waits for the actor", async () => {
    const errors = vi.spyOn(console, "error").mockImplementation(() => {});
    const waiting = Promise.withResolvers<boolean>();
    const renew = vi.spyOn(backend, "renew").mockReturnValueOnce(waiting.promise);
    const stop = renewPresence({ signals: [signalOf("kept")], asOpener: direct });
    await vi.advanceTimersByTimeAsync(5 * ttlMs);
    expect(renew).toHaveBeenCalledTimes(1);
    waiting.reject(new KawaError("BACKEND_TIMEOUT", "The actor is away."));
    await vi.advanceTimersByTimeAsync(ttlMs);
    stop();
    expect(renew.mock.calls.length).toBeGreaterThan(1);
    expect(errors).toHaveBeenCalledTimes(1);
  });

  it("lets another stream renew what a hook refuses to the first, at the next look", async () => {
    const asked: string[] = [];
    let actor = "";
    vi.spyOn(backend, "renew").mockImplementation(async () => {
      asked.push(actor);
      if (actor === "guest") throw new KawaError("ACTION_REFUSED", "Not yours.");
      return true;
    });
    const as =
      (name: string) =>
      <T>(fn: () => T): T => {
        actor = name;
        return fn();
      };
    const stops = ["guest", "owner"].map((name) => renewPresence({ signals: [signalOf("kept")], asOpener: as(name) }));
    await vi.advanceTimersByTimeAsync(ttlMs);
    for (const stop of stops) expect(stop()).toBe(1);
    // The guest comes up once more when its time of waiting is over.
    expect(asked.slice(0, 2)).toEqual(["guest", "owner"]);
    expect(asked.filter((name) => name === "owner").length).toBeGreaterThanOrEqual(3);
    expect(asked.filter((name) => name === "guest").length).toBeLessThanOrEqual(2);
  });

  it("does not ask again for what has no value, until it has one: also one that was set while it was asked for", async () => {
    const signal = signalOf("late");
    const answer = Promise.withResolvers<boolean>();
    const renew = vi.spyOn(backend, "renew").mockReturnValueOnce(answer.promise);
    const stop = renewPresence({ signals: [signal], asOpener: direct });
    await vi.advanceTimersByTimeAsync(0);
    await signal.set("here");
    answer.resolve(false);
    await vi.advanceTimersByTimeAsync(3 * ttlMs);
    expect(await backend.keys("")).toEqual(["app:late"]);
    await signal.delete();
    await vi.advanceTimersByTimeAsync(ttlMs / 3);
    renew.mockClear();
    await vi.advanceTimersByTimeAsync(10 * ttlMs);
    expect(renew).not.toHaveBeenCalled();
    stop();
  });

  it("spreads many renewals over several looks, each look one turn", async () => {
    const perTurn: number[] = [];
    vi.spyOn(backend, "renew").mockImplementation(async () => {
      perTurn[perTurn.length - 1]! += 1;
      return true;
    });
    perTurn.push(0);
    const stop = renewPresence({
      signals: Array.from({ length: 1_200 }, (_, n) => signalOf(`kept ${n}`)),
      asOpener: direct,
    });
    await vi.advanceTimersByTimeAsync(0);
    for (let look = 0; look < 3; look += 1) {
      perTurn.push(0);
      await vi.advanceTimersByTimeAsync(250);
    }
    stop();
    expect(perTurn).toEqual([500, 500, 200, 0]);
  });
});
