import { type ReactElement, use } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Backend, registerBackend, unregisterBackend } from "../../src/core/backend/backend.ts";
import { stopInlineStreams } from "../../src/core/streams/inline-streams.ts";
import { createMemoryBackend } from "../../src/core/memory/memory-backend.ts";
import {
  namespace,
  type ReactiveStream,
  type StreamStart,
  useReactive,
  useReactiveStream,
} from "../../src/index.react-server.ts";
import { knownRenders } from "../../src/react/render/known-renders.ts";
import { outputsOf, renderServer } from "./flight.ts";

const next = vi.hoisted(() => ({ connection: vi.fn<() => Promise<void>>(async () => {}), render: "" }));

vi.mock("next/server", () => ({ connection: next.connection }));
vi.mock("next/headers", () => ({ headers: async () => new Headers({ "x-kawa-render": next.render }) }));

let count = 0;
let backend: Backend;
let runs: { readonly name: string; readonly stream: ReactiveStream<number> }[];
let cleanUps: string[];

beforeEach(() => {
  count += 1;
  next.render = `stream-number-${String(count).padStart(8, "0")}`;
  next.connection.mockClear();
  runs = [];
  cleanUps = [];
  backend = createMemoryBackend(`streams-${count}`);
  registerBackend(backend, { global: true });
});

afterEach(async () => {
  await stopInlineStreams();
  unregisterBackend(backend);
});

function record(name: string, stream: ReactiveStream<number>): () => void {
  runs.push({ name, stream });
  return () => void cleanUps.push(name);
}

function Price({ symbol }: { symbol: string }): ReactElement {
  const price = useReactive(0, (stream) => record(symbol, stream), [symbol]);
  return <output>{price}</output>;
}

function useTemperature(city: string): number {
  return useReactiveStream(20, (stream) => record(city, stream), [city]);
}

function Temperature({ city }: { city: string }): ReactElement {
  return <output>{useTemperature(city)}</output>;
}

function Twice({ city }: { city: string }): ReactElement {
  return <output>{useTemperature(city) + useTemperature(city)}</output>;
}

function SameText(): ReactElement {
  const one = useReactive(1, (stream) => record("same", stream), []);
  const two = useReactive(2, (stream) => record("same", stream), []);
  return <output>{`${one} ${two}`}</output>;
}

/** Resolves when the functions that a render has shown have been started. */
async function started(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
}

async function shown(model: ReactElement): Promise<string[]> {
  const flight = await renderServer(model);
  expect(flight.errors).toEqual([]);
  await started();
  return outputsOf(flight);
}

const names = (): string[] => runs.map(({ name }) => name);

describe("an inline stream", () => {
  it("shows its initial value, is started, and shows what was set", async () => {
    expect(await shown(<Price symbol="BTC" />)).toEqual(["0"]);
    expect(names()).toEqual(["BTC"]);
    await runs[0]!.stream.set(99);
    expect(await shown(<Price symbol="BTC" />)).toEqual(["99"]);
    expect(names()).toEqual(["BTC"]);
  });

  it("is one for all components and requests with equal deps", async () => {
    const page = (
      <>
        <Price symbol="BTC" />
        <Price symbol="ETH" />
        <Price symbol="BTC" />
      </>
    );
    expect(await shown(page)).toEqual(["0", "0", "0"]);
    await shown(page);
    expect(names()).toEqual(["BTC", "ETH"]);
    await runs[0]!.stream.set(1);
    await runs[1]!.stream.set(2);
    expect(await shown(page)).toEqual(["1", "2", "1"]);
  });

  it("in a hook of one's own is one for all who call that", async () => {
    expect(await shown(<Temperature city="Oslo" />)).toEqual(["20"]);
    await runs[0]!.stream.set(5);
    expect(await shown(<Twice city="Oslo" />)).toEqual(["10"]);
    expect(names()).toEqual(["Oslo"]);
  });

  it("is another one at each place, also when the text of the function is the same", async () => {
    expect(await shown(<SameText />)).toEqual(["1 2"]);
    // The second hook waits once more, so its stream is registered later.
    await vi.waitFor(() => expect(names()).toEqual(["same", "same"]));
    await runs[0]!.stream.set(10);
    expect(await shown(<SameText />)).toEqual(["10 2"]);
  });

  it("is a read of the page like that of a signal", async () => {
    await shown(<Price symbol="BTC" />);
    expect(next.connection).toHaveBeenCalledTimes(1);
    const changed: string[] = [];
    const stop = backend.onChange(({ keys }) => void changed.push(...keys));
    await runs[0]!.stream.set(1);
    stop();
    expect(changed).toHaveLength(1);
    expect([...knownRenders().get(next.render)!.keys.get(backend.id)!]).toEqual(changed);
  });

  it("is not started in a prerender, where the request never comes", async () => {
    next.connection.mockImplementationOnce(() => new Promise(() => {}));
    const rendered = renderServer(<Price symbol="BTC" />).then(() => "rendered");
    const waited = new Promise((resolve) => setTimeout(resolve, 20, "still waiting"));
    expect(await Promise.race([rendered, waited])).toBe("still waiting");
    expect(names()).toEqual([]);
  });

  it("is not started when its value cannot be loaded", async () => {
    const error = new Error("engine gone");
    backend.entry = () => ({ peek: () => ({ state: "unknown", seq: 0 }) }) as never;
    backend.load = () => Promise.reject(error);
    const flight = await renderServer(<Price symbol="BTC" />);
    await started();
    expect(flight.errors).toEqual([error]);
    expect(names()).toEqual([]);
  });

  it("leaves the component's own promises in their order", async () => {
    const own = new Promise<string>((resolve) => setTimeout(resolve, 5, "own"));
    const other = namespace("t", { backend }).signal("other", "signal");
    const Mixed = (): ReactElement => {
      const city = useTemperature("Rome");
      const a = use(own);
      const b = useReactive(other);
      const price = useReactive(0, (stream) => record("mixed", stream), [a]);
      const c = use(Promise.resolve("late"));
      return <output>{[city, a, b, price, c].join(" ")}</output>;
    };
    expect(await shown(<Mixed />)).toEqual(["20 own signal 0 late"]);
    expect(names()).toEqual(["Rome", "mixed"]);
  });

  it("is stopped with the server", async () => {
    await shown(<Price symbol="BTC" />);
    await stopInlineStreams();
    expect(cleanUps).toEqual(["BTC"]);
    expect(await shown(<Price symbol="BTC" />)).toEqual(["0"]);
    expect(names()).toEqual(["BTC", "BTC"]);
  });

  it("lives in the memory of the process where there is no backend", async () => {
    unregisterBackend(backend);
    expect(await shown(<Price symbol="memory" />)).toEqual(["0"]);
    await runs[0]!.stream.set(3);
    expect(await shown(<Price symbol="memory" />)).toEqual(["3"]);
  });
});

describe("mistakes", () => {
  const start: StreamStart<number> = () => {};

  function Mistaken({ hook }: { hook: () => number }): ReactElement {
    return <output>{hook()}</output>;
  }

  it.each<[string, string, () => number]>([
    ["no deps", "OPTION_INVALID", () => useReactive(0, start, undefined as never)],
    ["no deps", "OPTION_INVALID", () => useReactiveStream(0, start, undefined as never)],
    ["deps that are no array", "OPTION_INVALID", () => useReactiveStream(0, start, "BTC" as never)],
    ["no function", "OPTION_INVALID", () => useReactiveStream(0, 1_000 as never, [])],
    ["deps that are no plain data", "VALUE_UNSERIALIZABLE", () => useReactive(0, start, [() => {}])],
    [
      "an initial value that is no plain data",
      "VALUE_UNSERIALIZABLE",
      () => useReactive((() => {}) as never, start, []),
    ],
  ])("%s: %s", async (_, code, hook) => {
    const flight = await renderServer(<Mistaken hook={hook} />);
    expect(flight.errors).toMatchObject([{ code }]);
  });

  it("say what to write", async () => {
    const flight = await renderServer(<Mistaken hook={() => useReactive(0, start, undefined as never)} />);
    expect(String(flight.errors[0])).toContain("needs an array of deps as its third argument, not undefined");
    expect(String(flight.errors[0])).toContain("[symbol]");
  });
});
