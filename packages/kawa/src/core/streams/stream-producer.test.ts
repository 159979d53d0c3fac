import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import type { Backend } from "../backend/backend.ts";
import { KawaError } from "../errors/errors.ts";
import { streamKey } from "../backend/key.ts";
import { createMemoryBackend } from "../memory/memory-backend.ts";
import type { ReactiveStream, StreamStart } from "./reactive-stream.ts";
import { BackedSignal } from "../signal.ts";
import { StreamProducer } from "./stream-producer.ts";
import { initialOf } from "../platform.ts";

const key = streamKey("price");

let backend: Backend;
let reports: string[];

beforeEach(() => {
  vi.useFakeTimers();
  backend = createMemoryBackend("memory");
  reports = [];
  vi.spyOn(console, "error").mockImplementation((...said: unknown[]) => void reports.push(said.map(String).join(" ")));
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function produce<T>(initial: T, start: StreamStart<T>): StreamProducer<T> {
  return new StreamProducer({
    name: "price.ts:1:2",
    target: new BackedSignal<T>(key, initialOf(key, initial), backend),
    start,
  });
}

/** A stream that is running, and its handle. */
function running(initial = 0): { stream: ReactiveStream<number>; producer: StreamProducer<number> } {
  let stream: ReactiveStream<number> | undefined;
  const producer = produce(initial, (given) => void (stream = given));
  producer.start();
  return { stream: stream!, producer };
}

function stored(): unknown {
  const entry = backend.entry(key).peek();
  return entry.state === "present" ? entry.value : entry.state;
}

describe("the function of a stream", () => {
  it("is started once, however often it is said", () => {
    const start = vi.fn<StreamStart<number>>();
    const producer = produce<number>(0, start);
    expect(start).not.toHaveBeenCalled();
    producer.start();
    producer.start();
    expect(start).toHaveBeenCalledTimes(1);
  });

  it("is cleaned up once, after its signal was aborted, and can be started again", () => {
    const order: string[] = [];
    const producer = produce(0, ({ signal }) => {
      order.push("start");
      signal.addEventListener("abort", () => order.push("abort"));
      return () => order.push(`clean up ${signal.aborted}`);
    });
    producer.start();
    void producer.stop();
    void producer.stop();
    expect(order).toEqual(["start", "abort", "clean up true"]);
    producer.start();
    expect(order).toHaveLength(4);
  });

  it("may be asynchronous", async () => {
    const cleanUp = vi.fn<() => void>();
    const producer = produce(0, async () => cleanUp);
    producer.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(cleanUp).not.toHaveBeenCalled();
    await producer.stop();
    expect(cleanUp).toHaveBeenCalledTimes(1);
  });

  it("that is stopped before it has given its clean-up is cleaned up when it does", async () => {
    const given = Promise.withResolvers<() => void>();
    const cleanUp = vi.fn<() => void>();
    const producer = produce(0, () => given.promise);
    producer.start();
    await producer.stop();
    given.resolve(cleanUp);
    await vi.advanceTimersByTimeAsync(0);
    expect(cleanUp).toHaveBeenCalledTimes(1);
  });

  it("may give something else than a clean-up by mistake", async () => {
    const producer = produce(0, (() => 7) as never);
    producer.start();
    await producer.stop();
    expect(reports).toEqual([]);
  });

  it("whose clean-up throws is stopped, and that is reported", async () => {
    const producer = produce(0, () => () => {
      throw new Error("no socket");
    });
    producer.start();
    await producer.stop();
    expect(reports).toEqual(['[kawa] The clean-up of stream "price.ts:1:2" threw: Error: no socket']);
  });
});

describe("a failure", () => {
  const ways: [string, (error: Error) => StreamStart<number>][] = [
    [
      "that is thrown",
      (error) => () => {
        throw error;
      },
    ],
    ["of an asynchronous function", (error) => () => Promise.reject(error)],
    [
      "of a callback",
      (error) =>
        ({ fail }) =>
          void setTimeout(fail, 10, error),
    ],
  ];

  it.each(ways)("%s is reported, and the function is started again a second later", async (_, failing) => {
    const starts = vi.fn<(stream: ReactiveStream<number>) => void>();
    const start = failing(new Error("no price"));
    const producer = produce(0, (stream) => {
      starts(stream);
      return starts.mock.calls.length === 1 ? start(stream) : stream.set(42).then();
    });
    producer.start();
    await vi.advanceTimersByTimeAsync(900);
    expect(reports).toEqual(['[kawa] Stream "price.ts:1:2" failed; it starts again in 1 s: Error: no price']);
    producer.start();
    expect(starts).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(starts).toHaveBeenCalledTimes(2);
    expect(stored()).toBe(42);
  });

  it("ends the run: its signal is aborted, it is cleaned up, and what it sets is dropped", async () => {
    const runs: ReactiveStream<number>[] = [];
    const cleanUp = vi.fn<() => void>();
    const producer = produce(0, (stream) => {
      runs.push(stream);
      return cleanUp;
    });
    producer.start();
    runs[0]!.fail(new Error("no price"));
    runs[0]!.fail(new Error("again"));
    expect(runs[0]!.signal.aborted).toBe(true);
    expect(cleanUp).toHaveBeenCalledTimes(1);
    await runs[0]!.set(1);
    expect(stored()).toBe("absent");
    await vi.advanceTimersByTimeAsync(1_000);
    await runs[0]!.set(1);
    await runs[1]!.set(2);
    expect(stored()).toBe(2);
    expect(reports).toHaveLength(1);
  });

  it("is followed by ever longer gaps up to 30 seconds", async () => {
    const times: number[] = [];
    const startedAt = performance.now();
    const producer = produce(0, () => {
      times.push(Math.round((performance.now() - startedAt) / 1_000));
      throw new Error("no price");
    });
    producer.start();
    await vi.advanceTimersByTimeAsync(125_000);
    expect(times).toEqual([0, 1, 3, 7, 15, 31, 61, 91, 121]);
    await producer.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(times).toHaveLength(9);
  });

  it("after a long good run is followed by a short gap again", async () => {
    const times: number[] = [];
    const startedAt = performance.now();
    const producer = produce(0, ({ fail }) => {
      times.push(Math.round((performance.now() - startedAt) / 1_000));
      if (times.length < 4) throw new Error("no price");
      setTimeout(fail, 40_000, new Error("connection lost"));
    });
    producer.start();
    await vi.advanceTimersByTimeAsync(90_000);
    expect(times).toEqual([0, 1, 3, 7, 48, 89]);
    await producer.stop();
  });

  it("of a function that was stopped is not reported, and starts nothing", async () => {
    const failing = Promise.withResolvers<void>();
    const start = vi.fn<StreamStart<number>>(({ fail, signal }) => {
      signal.addEventListener("abort", () => fail(signal.reason));
      return failing.promise;
    });
    const producer = produce<number>(0, start);
    producer.start();
    await producer.stop();
    failing.reject(new Error("aborted"));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(start).toHaveBeenCalledTimes(1);
    expect(reports).toEqual([]);
  });

  it("starts nothing after the stream was stopped in the gap, and a new start does not wait for it", async () => {
    const start = vi.fn<StreamStart<number>>(() => {
      if (start.mock.calls.length === 1) throw new Error("no price");
    });
    const producer = produce<number>(0, start);
    producer.start();
    await producer.stop();
    producer.start();
    expect(start).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(start).toHaveBeenCalledTimes(2);
  });
});

describe("values", () => {
  it("are set and updated in order, alone or as methods", async () => {
    const { stream } = running();
    const { set, update } = stream;
    await set(1);
    expect(await update((n) => n + 1)).toBe(2);
    expect(stored()).toBe(2);
  });

  it("are current at once for who sets them", async () => {
    const { stream } = running(10);
    expect(stream.value).toBe(10);
    void stream.set(stream.value + 1);
    void stream.set(stream.value + 1);
    expect(stream.value).toBe(12);
    await vi.advanceTimersByTimeAsync(0);
    expect(stored()).toBe(12);
  });

  it("of another server are where a new run goes on", async () => {
    await backend.set(key, 7);
    const { stream } = running();
    expect(stream.value).toBe(7);
    expect(await stream.update((n) => n + 1)).toBe(8);
  });

  it("are dropped after the stream was stopped", async () => {
    const { stream, producer } = running();
    await stream.set(1);
    await producer.stop();
    await stream.set(2);
    expect(await stream.update((n) => n + 1)).toBe(1);
    expect(stored()).toBe(1);
  });

  it("that were set before the stop are stored when it resolves", async () => {
    const gate = Promise.withResolvers<void>();
    const { set } = backend;
    backend.set = (...args) => gate.promise.then(() => set(...args));
    const { stream, producer } = running();
    void stream.set(1);
    const stopped = producer.stop().then(() => stored());
    gate.resolve();
    expect(await stopped).toBe(1);
  });

  it("belong to nobody in particular", async () => {
    const set = vi.spyOn(backend, "set");
    const update = vi.spyOn(backend, "update");
    const { stream } = running();
    await stream.set(1);
    await stream.update((n) => n + 1);
    expect(set).toHaveBeenCalledWith(key, 1, { context: { isStreamProducer: true } });
    expect(update).toHaveBeenCalledWith(key, expect.any(Function), { context: { isStreamProducer: true } });
  });

  it("that the store has lost are written again, but not over newer ones", async () => {
    const { stream, producer } = running();
    producer.start();
    expect(stored()).toBe("absent");
    await stream.set(1);
    await backend.delete(key);
    producer.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(stored()).toBe(1);
    await backend.set(key, "newer");
    producer.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(stored()).toBe("newer");
  });

  it("that cannot be stored reject where they are awaited", async () => {
    const { stream } = running();
    await stream.set(1);
    expect(await codeOf(() => stream.set((() => {}) as never))).toBe("VALUE_UNSERIALIZABLE");
    expect(await codeOf(() => stream.update((() => () => {}) as never))).toBe("VALUE_UNSERIALIZABLE");
    expect(stream.value).toBe(1);
    expect(reports).toEqual([]);
  });

  it("that are lost in an outage are reported once", async () => {
    const { stream } = running();
    const { set } = backend;
    backend.set = () => Promise.reject(new KawaError("BACKEND_TIMEOUT", "The actor is away."));
    for (let n = 0; n < 5; n += 1) void stream.set(n);
    await vi.advanceTimersByTimeAsync(0);
    void stream.set(5);
    await vi.advanceTimersByTimeAsync(0);
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatch(
      /^\[kawa\] Writing stream "price.ts:1:2" failed and nobody awaited it: KawaError: The actor is away/,
    );

    backend.set = set;
    await stream.set(6);
    backend.set = () => Promise.reject(new Error("again"));
    void stream.set(7);
    await vi.advanceTimersByTimeAsync(0);
    expect(reports).toHaveLength(2);
  });
});
