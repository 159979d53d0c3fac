import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { heartbeatIntervalMs, type StreamRequest } from "../protocol/stream-protocol.ts";
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

function createStream() {
  let request: StreamRequest = { tabs: { one: { route: [["r1", "v1"]] } } };
  const onEvent = vi.fn<(name: string, data: unknown) => void>();
  const onUp = vi.fn<(isUp: boolean) => void>();
  const onRefused = vi.fn<(why: string) => void>();
  const stream = new ReconnectingStream({ src: "/api/reactive", request: () => request, onEvent, onUp, onRefused });
  const ask = (id: string): void => {
    request = { tabs: { one: { route: [[id, ""]] } } };
    stream.open();
  };
  return { stream, onEvent, onUp, onRefused, ask };
}

describe("a stream", () => {
  it("is asked for with what the tabs show", async () => {
    const { stream } = createStream();
    stream.open();
    expect(streams.all).toHaveLength(1);
    const { url, init } = streams.last;
    expect(url).toBe("/api/reactive");
    expect(init).toMatchObject({ method: "POST", credentials: "same-origin", cache: "no-store" });
    expect(init.headers).toEqual({ accept: "text/event-stream", "content-type": "application/json" });
    expect(JSON.parse(init.body as string)).toEqual({ tabs: { one: { route: [["r1", "v1"]] } } });
  });

  it("is up with its hello, and reports its events", async () => {
    const { stream, onEvent, onUp } = createStream();
    stream.open();
    expect(onUp).not.toHaveBeenCalled();
    await streams.last.send("hello", { versions: "e@1" });
    await streams.last.send("change", { versions: "e@2" });
    expect(onUp.mock.calls).toEqual([[true]]);
    expect(onEvent.mock.calls).toEqual([
      ["hello", { versions: "e@1" }],
      ["change", { versions: "e@2" }],
    ]);
  });

  it("ignores what is malformed", async () => {
    const { stream, onEvent } = createStream();
    stream.open();
    await streams.last.send("hello", {});
    for (const data of ["", "{", "null", "1", '"alert(1)"'])
      await streams.last.write(`event: change\ndata: ${data}\n\n`);
    await streams.last.send("change", { versions: "e@2" });
    expect(onEvent.mock.calls.map(([name]) => name)).toEqual(["hello", "change"]);
  });
});

describe("another subscription", () => {
  it("opens a stream first, and ends the one before when the new one has said hello", async () => {
    const { stream, ask, onEvent, onUp } = createStream();
    stream.open();
    await streams.last.send("hello", {});
    const [first] = streams.all;
    ask("r2");
    expect(streams.all).toHaveLength(2);
    expect(first!.isAborted).toBe(false);
    await first!.send("change", { versions: "e@2" });
    expect(onEvent).toHaveBeenCalledWith("change", { versions: "e@2" });
    await streams.last.send("hello", {});
    expect(first!.isAborted).toBe(true);
    expect(onUp.mock.calls).toEqual([[true], [true]]);
  });

  it("during the opening is asked for once, when that one is open", async () => {
    const { stream, ask } = createStream();
    stream.open();
    for (const id of ["r2", "r3", "r4"]) ask(id);
    expect(streams.all).toHaveLength(1);
    await streams.last.send("hello", {});
    expect(streams.all).toHaveLength(2);
    expect(streams.last.request).toEqual({ tabs: { one: { route: [["r4", ""]] } } });
    await streams.last.send("hello", {});
    expect(streams.all).toHaveLength(2);
  });

  it("keeps the stream that there is when the new one fails", async () => {
    const { stream, ask, onUp } = createStream();
    stream.open();
    await streams.last.send("hello", {});
    ask("r2");
    await streams.last.fail();
    expect(streams.all[0]!.isAborted).toBe(false);
    expect(onUp.mock.calls).toEqual([[true]]);
    await vi.advanceTimersByTimeAsync(150);
    expect(streams.all).toHaveLength(3);
  });
});

describe("a stream that is lost", () => {
  it("is opened again after a random part of 300 ms, twice as long each time up to 10 s", async () => {
    const { stream, onUp } = createStream();
    stream.open();
    const waits: number[] = [];
    for (let n = 0; n < 8; n += 1) {
      const count = streams.all.length;
      await streams.last.fail();
      const failedAt = Date.now();
      while (streams.all.length === count) await vi.advanceTimersByTimeAsync(1);
      waits.push(Date.now() - failedAt);
    }
    expect(waits).toEqual([150, 300, 600, 1_200, 2_400, 4_800, 5_000, 5_000]);
    expect(onUp.mock.calls.every(([isUp]) => !isUp)).toBe(true);
    // The hello makes the next failure the first again.
    await streams.last.send("hello", {});
    await streams.last.end();
    const count = streams.all.length;
    await vi.advanceTimersByTimeAsync(150);
    expect(streams.all).toHaveLength(count + 1);
  });

  it("is not live when it is silent for longer than was promised, and is live again with its next word", async () => {
    const { stream, onUp } = createStream();
    stream.open();
    await streams.last.send("hello", { withinMs: 2_500 });
    await vi.advanceTimersByTimeAsync(2_500);
    await streams.last.send("ping", { withinMs: 1_000 });
    await vi.advanceTimersByTimeAsync(1_199);
    expect(onUp.mock.calls).toEqual([[true]]);
    await vi.advanceTimersByTimeAsync(1);
    expect(onUp.mock.calls).toEqual([[true], [false]]);
    await streams.last.send("change", {});
    expect(onUp.mock.calls).toEqual([[true], [false], [true]]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(streams.all).toHaveLength(1);
  });

  it("gets another one beside it when it stays silent, and ends only with that one's hello or long afterwards", async () => {
    const { stream, onUp } = createStream();
    stream.open();
    await streams.last.send("hello", { withinMs: 2_500 });
    await vi.advanceTimersByTimeAsync(3_000 + 1_500);
    expect(streams.all.map(({ isAborted }) => isAborted)).toEqual([false, false]);
    await streams.last.send("hello", { withinMs: 2_500 });
    expect(streams.all.map(({ isAborted }) => isAborted)).toEqual([true, false]);
    expect(onUp.mock.calls).toEqual([[true], [false], [true]]);
    await vi.advanceTimersByTimeAsync(4_500);
    expect(streams.all).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(2.3 * heartbeatIntervalMs);
    expect(streams.all.slice(0, 3).map(({ isAborted }) => isAborted)).toEqual([true, true, true]);
    expect(onUp).toHaveBeenLastCalledWith(false);
  });

  it("is held to no promise after its goodbye", async () => {
    const { stream, onUp } = createStream();
    stream.open();
    await streams.last.send("hello", { withinMs: 1_000 });
    await streams.last.send("bye", { reason: "restart", withinMs: 4_000 });
    await vi.advanceTimersByTimeAsync(1_500);
    expect(onUp.mock.calls).toEqual([[true]]);
  });

  it("does what is overdue when somebody looks, where timers are held up", async () => {
    const { stream, onUp } = createStream();
    stream.open();
    await streams.last.send("hello", { withinMs: 1_000 });
    const now = vi.spyOn(performance, "now").mockReturnValue(performance.now() + 1_200);
    stream.check();
    expect(onUp).toHaveBeenLastCalledWith(false);
    now.mockReturnValue(performance.now() + 1_500);
    stream.check();
    expect(streams.all).toHaveLength(2);
  });

  it.each([
    ["nothing is there", async () => streams.last.refuse(404, {}), ["it was answered with 404"]],
    [
      "a page answers",
      async () => (await streams.last.write("<!doctype html><p>Welcome to this network</p>"), streams.last.end()),
      ["something else answered"],
    ],
    ["there is no room", async () => streams.last.refuse(503, { "retry-after": "5" }), []],
    ["the network is lost", async () => streams.last.fail(), []],
    ["it ends after its hello", async () => (await streams.last.send("hello", {}), streams.last.end()), []],
  ])("says why it never was one when %s", async (_what, answer, reasons) => {
    const { stream, onUp, onRefused } = createStream();
    stream.open();
    await answer();
    expect(onUp).toHaveBeenLastCalledWith(false);
    expect(onRefused.mock.calls.map(([why]) => why)).toEqual(reasons);
  });

  it("is opened at once when something suggests that the network is back", async () => {
    const { stream } = createStream();
    stream.open();
    await streams.last.fail();
    stream.revive();
    expect(streams.all).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(streams.all).toHaveLength(2);
  });

  it("is left alone by that while it is well", async () => {
    const { stream } = createStream();
    stream.open();
    await streams.last.send("hello", {});
    stream.revive();
    expect(streams.all).toHaveLength(1);
  });

  it.each([
    ["seconds", "4"],
    ["a date", "Thu, 01 Jan 2026 00:00:04 GMT"],
  ])("is not opened before the time that the server gives in %s, whatever happens", async (_, retryAfter) => {
    vi.setSystemTime(Date.UTC(2026, 0, 1));
    const { stream, ask } = createStream();
    stream.open();
    await streams.last.refuse(503, { "retry-after": retryAfter });
    stream.revive();
    ask("r2");
    await vi.advanceTimersByTimeAsync(3_999);
    expect(streams.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(151);
    expect(streams.all).toHaveLength(2);
  });
});

describe("a goodbye", () => {
  it("is no failure: the browser comes back after a random part of the time, and nothing is down", async () => {
    const { stream, onUp } = createStream();
    stream.open();
    await streams.last.send("hello", {});
    await streams.last.send("bye", { reason: "restart", withinMs: 2_000 });
    await streams.last.end();
    await vi.advanceTimersByTimeAsync(999);
    expect(streams.all).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(streams.all).toHaveLength(2);
    expect(onUp.mock.calls).toEqual([[true]]);
    await streams.last.fail();
    expect(onUp).toHaveBeenLastCalledWith(false);
  });
});

describe("close", () => {
  it("ends everything", async () => {
    const { stream, ask } = createStream();
    stream.open();
    await streams.last.send("hello", {});
    ask("r2");
    stream.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(streams.all.map(({ isAborted }) => isAborted)).toEqual([true, true]);
  });
});
