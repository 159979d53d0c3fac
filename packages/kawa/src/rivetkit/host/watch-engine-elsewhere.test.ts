import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { watchEngineElsewhere } from "./watch-engine-elsewhere.ts";

let isThere = true;
let failure = new Error("away");
let lookCount = 0;
vi.mock("../engine/pool-api.ts", () => ({
  connectedHosts: async () => {
    lookCount += 1;
    if (!isThere) throw failure;
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
  failure = new Error("away");
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

it.each([
  ["does not answer, or that its database is away", 17_000, 19_000],
  ["answers nothing at all", 22_000, 24_000],
])("starts a runner again once its next attempt is far away, where the engine %s", async (how, brief, long) => {
  if (how === "answers nothing at all") failure = new DOMException("The operation timed out.", "TimeoutError");
  const watching = watchEngineElsewhere(target, { onReturn, onHosts, signal: end.signal, checkMs: 1 });
  for (const [ms, times] of [
    [brief, 0],
    [long, 1],
    [brief, 1],
  ] as const) {
    isThere = false;
    await pass(0);
    await pass(ms);
    isThere = true;
    await pass(0);
    expect(onReturn).toHaveBeenCalledTimes(times);
  }
  expect(onHosts).toHaveBeenCalledWith({ hosts: [], nowMs: 0 });
  end.abort();
  await watching;
});

it("counts an engine that has answered once as one that refuses", async () => {
  const watching = watchEngineElsewhere(target, { onReturn, onHosts, signal: end.signal, checkMs: 1 });
  isThere = false;
  await pass(0);
  failure = new DOMException("The operation timed out.", "TimeoutError");
  await pass(19_000);
  isThere = true;
  await pass(0);
  expect(onReturn).toHaveBeenCalledTimes(1);
  end.abort();
  await watching;
});
