import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeStreams } from "../../../test/support/fake-streams.ts";
import { ReconnectingStream } from "./reconnecting-stream.ts";

let streams: FakeStreams;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  streams = new FakeStreams();
});

afterEach(() => {
  streams.restore();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const states = [
  "none, none",
  "none, opening",
  "none, outdated",
  "live, none",
  "live, opening",
  "live, outdated",
  "silent, none",
  "silent, opening",
  "silent, outdated",
] as const;
/** That of the current stream, and that of the next one. */
type State = (typeof states)[number];
type Step = "open" | "heard" | "silence" | "bye" | "end" | "hello of the next" | "end of the next" | "close";
type Result = {
  readonly to: State;
  /** What was told of it. */
  readonly up?: boolean;
  /** Streams that the step itself opens. */
  readonly opened?: 1;
  /** When another one is opened, in milliseconds, where nothing else happens. */
  readonly next?: number;
};

const withinMs = 1_000;
const silenceMs = 1.2 * withinMs;
const [failureMs, byeMs, probeMs] = [150, 500, 1_500];

/** Leads a stream there, and returns what has become of its parts. */
async function reach(state: State) {
  const onUp = vi.fn<(isUp: boolean) => void>();
  const [src, ignore] = ["/api/reactive", () => {}] as const;
  const request = () => ({ tabs: {} });
  const stream = new ReconnectingStream({ src, request, onEvent: ignore, onUp, onRefused: ignore });
  const [current, next] = state.split(", ");
  if (current !== "none") {
    stream.open();
    await streams.last.send("hello", { withinMs });
  }
  if (next !== "none") stream.open();
  if (next === "outdated") stream.open();
  if (current === "silent") await vi.advanceTimersByTimeAsync(silenceMs);
  onUp.mockClear();
  return { stream, onUp, current: streams.all[0]!, next: streams.last };
}

type Reached = Awaited<ReturnType<typeof reach>>;

async function take(step: Step, { stream, current, next }: Reached): Promise<void> {
  if (step === "open") stream.open();
  else if (step === "close") stream.close();
  else if (step === "heard") await current.send("ping", { withinMs });
  else if (step === "silence") await vi.advanceTimersByTimeAsync(silenceMs);
  else if (step === "bye") await current.send("bye", { reason: "restart", withinMs: 2 * byeMs });
  else if (step === "end") await current.end();
  else if (step === "hello of the next") await next.send("hello", { withinMs });
  else await next.fail();
}

const edges: readonly (readonly [State, Step, Result])[] = [
  ["none, none", "open", { to: "none, opening", opened: 1 }],
  ["none, none", "close", { to: "none, none" }],
  ["none, opening", "open", { to: "none, outdated" }],
  ["none, opening", "hello of the next", { to: "live, none", up: true }],
  ["none, opening", "end of the next", { to: "none, none", up: false, next: failureMs }],
  ["none, opening", "close", { to: "none, none" }],
  ["none, outdated", "open", { to: "none, outdated" }],
  ["none, outdated", "hello of the next", { to: "live, opening", up: true, opened: 1 }],
  ["none, outdated", "end of the next", { to: "none, none", up: false, next: failureMs }],
  ["none, outdated", "close", { to: "none, none" }],
  ["live, none", "open", { to: "live, opening", opened: 1 }],
  ["live, none", "heard", { to: "live, none" }],
  ["live, none", "silence", { to: "silent, none", up: false, next: probeMs }],
  ["live, none", "bye", { to: "none, none", next: byeMs }],
  ["live, none", "end", { to: "none, none", up: false, next: failureMs }],
  ["live, none", "close", { to: "none, none" }],
  ["live, opening", "open", { to: "live, outdated" }],
  ["live, opening", "heard", { to: "live, opening" }],
  ["live, opening", "silence", { to: "silent, opening", up: false }],
  ["live, opening", "bye", { to: "none, opening" }],
  ["live, opening", "end", { to: "none, opening" }],
  ["live, opening", "hello of the next", { to: "live, none", up: true }],
  ["live, opening", "end of the next", { to: "live, none", next: failureMs }],
  ["live, opening", "close", { to: "none, none" }],
  ["live, outdated", "open", { to: "live, outdated" }],
  ["live, outdated", "heard", { to: "live, outdated" }],
  ["live, outdated", "silence", { to: "silent, outdated", up: false }],
  ["live, outdated", "bye", { to: "none, outdated" }],
  ["live, outdated", "end", { to: "none, outdated" }],
  ["live, outdated", "hello of the next", { to: "live, opening", up: true, opened: 1 }],
  ["live, outdated", "end of the next", { to: "live, none", next: failureMs }],
  ["live, outdated", "close", { to: "none, none" }],
  ["silent, none", "open", { to: "silent, opening", opened: 1 }],
  ["silent, none", "heard", { to: "live, none", up: true }],
  ["silent, none", "bye", { to: "none, none", next: byeMs }],
  ["silent, none", "end", { to: "none, none", up: false, next: failureMs }],
  ["silent, none", "close", { to: "none, none" }],
  ["silent, opening", "open", { to: "silent, outdated" }],
  ["silent, opening", "heard", { to: "live, opening", up: true }],
  ["silent, opening", "bye", { to: "none, opening" }],
  ["silent, opening", "end", { to: "none, opening" }],
  ["silent, opening", "hello of the next", { to: "live, none", up: true }],
  ["silent, opening", "end of the next", { to: "silent, none", next: failureMs }],
  ["silent, opening", "close", { to: "none, none" }],
  ["silent, outdated", "open", { to: "silent, outdated" }],
  ["silent, outdated", "heard", { to: "live, outdated", up: true }],
  ["silent, outdated", "bye", { to: "none, outdated" }],
  ["silent, outdated", "end", { to: "none, outdated" }],
  ["silent, outdated", "hello of the next", { to: "live, opening", up: true, opened: 1 }],
  ["silent, outdated", "end of the next", { to: "silent, none", next: failureMs }],
  ["silent, outdated", "close", { to: "none, none" }],
];

const named = edges.map(([from, step, result]) => ({ from, step, opened: 0, ...result }));

describe("a stream (the current one, the next one)", () => {
  it.each(named)("$from: $step leads to $to", async ({ from, step, to, up, opened, next }) => {
    const reached = await reach(from);
    const { onUp } = reached;
    const count = streams.all.length;
    await take(step, reached);
    expect(onUp.mock.calls).toEqual(up === undefined ? [] : [[up]]);
    expect(streams.all.length - count).toBe(opened);
    const found = next === undefined ? await stateOf(reached) : await opensAfter(next);
    expect(found).toBe(next === undefined ? to : true);
  });
});

/** True when another stream is opened then, and none before. */
async function opensAfter(waitMs: number): Promise<boolean> {
  const count = streams.all.length;
  await vi.advanceTimersByTimeAsync(waitMs - 1);
  const isEarly = streams.all.length > count;
  await vi.advanceTimersByTimeAsync(1);
  return !isEarly && streams.all.length === count + 1;
}

/** Tells a state by what comes of it. */
async function stateOf({ onUp }: Reached): Promise<string> {
  const count = streams.all.length;
  const told = (): boolean | undefined => onUp.mock.lastCall?.[0];
  const listen = async (event: string): Promise<void> => {
    onUp.mockClear();
    for (const stream of streams.open) await stream.send(event, { withinMs }).catch(() => {});
  };
  onUp.mockClear();
  await vi.advanceTimersByTimeAsync(silenceMs);
  // Only one that was live tells of its silence, and only a silent one of its next word.
  const isLive = told() === false;
  await listen("ping");
  const isSilent = !isLive && told() === true;
  await listen("hello");
  const isOutdated = streams.all.length > count;
  const isOpening = !isOutdated && told() === true;
  return [
    isLive ? "live" : isSilent ? "silent" : "none",
    isOutdated ? "outdated" : isOpening ? "opening" : "none",
  ].join(", ");
}
