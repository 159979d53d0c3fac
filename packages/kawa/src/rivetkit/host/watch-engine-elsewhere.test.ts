import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { watchEngineElsewhere } from "./watch-engine-elsewhere.ts";

let isThere = true;
let lookCount = 0;
vi.mock("../engine/pool-api.ts", () => ({
  connectedHosts: async () => {
    lookCount += 1;
    if (!isThere) throw new Error("away");
    return { hosts: [], nowMs: 0 };
  },
}));

const target = { endpoint: "http://engine", namespace: "app", token: undefined, pool: "default" };
const onReturn = vi.fn<() => void>();
const onHosts = vi.fn<() => void>();
let end: AbortController;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
  isThere = true;
  onReturn.mockClear();
  end = new AbortController();
});

afterEach(() => {
  end.abort();
  vi.useRealTimers();
});

/** Resolves when the watch has looked twice after that. */
async function pass(ms: number): Promise<void> {
  vi.advanceTimersByTime(ms);
  const enough = lookCount + 2;
  await vi.waitUntil(() => lookCount >= enough, { interval: 1 });
}

it("starts a runner again that was without its engine for so long that its actors have ended", async () => {
  const watching = watchEngineElsewhere(target, { onReturn, onHosts, signal: end.signal, checkMs: 1 });
  isThere = false;
  await pass(0);
  await pass(10_000);
  isThere = true;
  await pass(0);
  expect(onReturn).not.toHaveBeenCalled();
  isThere = false;
  await pass(0);
  await pass(24_000);
  expect(onReturn).not.toHaveBeenCalled();
  isThere = true;
  await pass(0);
  expect(onReturn).toHaveBeenCalledTimes(1);
  expect(onHosts).toHaveBeenCalledWith({ hosts: [], nowMs: 0 });
  end.abort();
  await watching;
});
