import { type ReactElement, type ReactNode, Suspense } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Backend, registerBackend, unregisterBackend } from "../../src/core/backend/backend.ts";
import { stopInlineStreams } from "../../src/core/streams/inline-streams.ts";
import { createMemoryBackend } from "../../src/core/memory/memory-backend.ts";
import {
  computed,
  type KawaError,
  namespace,
  read,
  type Readable,
  type Signal,
  useReactive,
  useReactiveStream,
} from "../../src/index.react-server.ts";
import { fragmentScope } from "../../src/react/render/fragment-scope.ts";
import { knownRenders } from "../../src/react/render/known-renders.ts";
import { requestScope } from "../../src/react/render/request-scope.ts";
import { type Flight, outputsOf, renderServer } from "./flight.ts";

const next = vi.hoisted(() => ({ render: "" }));

vi.mock("next/server", () => ({ connection: async () => {} }));
vi.mock("next/headers", () => ({ headers: async () => new Headers({ "x-kawa-render": next.render }) }));

let count = 0;
let backend: Backend;

beforeEach(() => {
  count += 1;
  next.render = `async-number-${String(count).padStart(8, "0")}`;
  backend = createMemoryBackend(`async-${count}`);
  registerBackend(backend, { global: true });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await stopInlineStreams();
  unregisterBackend(backend);
});

const shared = namespace("async");
const numberOf = shared.family((name: string) => ({ key: name, default: 0 }));
const [a, b] = [numberOf("a"), numberOf("b")];
const sum = computed(() => a.value + b.value);
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
const keysRead = (id: string = next.render): string[] =>
  [...(knownRenders().get(id)?.keys.get(backend.id) ?? [])].sort();

async function Show({ value }: { value: () => Promise<unknown> }): Promise<ReactElement> {
  return <output>{String(await value())}</output>;
}

/** Below it the render is known to belong to a request. */
async function Dynamic({ children }: { children: ReactNode }): Promise<ReactNode> {
  await requestScope().markDynamic();
  return children;
}

function Value({ of }: { of: Readable<unknown> }): ReactElement {
  return <output>{String(useReactive(of))}</output>;
}

describe("read", () => {
  it.each<[string, () => Promise<unknown>, string, string[]]>([
    ["a signal", () => read(a), "1", ["async:a"]],
    ["a computed", () => read(sum), "3", ["async:a", "async:b"]],
    ["one after another await", async () => (await pause(), read(a)), "1", ["async:a"]],
    [
      "one before another await",
      async () => {
        const found = await read(a);
        await pause();
        return found;
      },
      "1",
      ["async:a"],
    ],
    [
      "several at once",
      async () => (await Promise.all([read(a), read(b), read(sum)])).join(),
      "1,2,3",
      ["async:a", "async:b"],
    ],
    [
      "several in a loop",
      async () => {
        let total = 0;
        for (const signal of [a, b]) total += await read(signal);
        return total;
      },
      "3",
      ["async:a", "async:b"],
    ],
  ])("gives the value of %s, and the page depends on it", async (_, value, shown, keys) => {
    await Promise.all([a.set(1), b.set(2)]);
    const flight = await renderServer(
      <Suspense>
        <Show value={value} />
      </Suspense>,
    );
    expect(flight.errors).toEqual([]);
    expect(outputsOf(flight)).toEqual([shown]);
    expect(keysRead()).toEqual(keys);
  });

  it("starts a stream", async () => {
    const start = vi.fn<() => void>();
    const flight = await renderServer(<Show value={() => read(5, start, [])} />);
    expect([outputsOf(flight), flight.errors]).toEqual([["5"], []]);
    await vi.waitFor(() => expect(start).toHaveBeenCalledTimes(1));
  });

  it("shows one version, whatever is written while the render waits", async () => {
    await a.set(1);
    const value = async (): Promise<string> => {
      const before = await read(a);
      await a.set(2);
      return `${before} ${await read(a)} ${await read(sum)}`;
    };
    expect(outputsOf(await renderServer(<Show value={value} />))).toEqual(["1 1 1"]);
  });

  it("rejects with what a computed throws, and with a failure of the backend", async () => {
    const broken = computed(() => {
      throw new Error(`own mistake ${a.value}`);
    });
    expect((await renderServer(<Show value={() => read(broken)} />)).errors).toMatchObject([
      { message: "own mistake 0" },
    ]);
    const failure = new Error("engine gone");
    vi.spyOn(backend, "openSnapshot").mockReturnValue(undefined);
    vi.spyOn(backend, "snapshotFor").mockRejectedValue(failure);
    expect((await renderServer(<Show value={() => read(a)} />)).errors).toEqual([failure]);
  });

  it("counts for the live fragment in which it stands, also after an await, and for no other", async () => {
    const ids: string[] = [];
    const inFragment =
      (token: string, signal: Signal<number>): (() => ReactNode | Promise<ReactNode>) =>
      () => {
        const reads = fragmentScope().readsOf(token);
        ids.push(reads.id);
        return fragmentScope().run(reads, async () => {
          await pause();
          return (
            <>
              <Show value={() => read(signal)} />
              <output>{await read(signal)}</output>
            </>
          );
        });
      };
    const [First, Second] = [inFragment("first", a), inFragment("second", b)];
    const flight = await renderServer(
      <Dynamic>
        <First />
        <Second />
        <Show value={() => read(numberOf("page"))} />
      </Dynamic>,
    );
    expect(flight.errors).toEqual([]);
    expect(ids.map((id) => keysRead(id))).toEqual([["async:a"], ["async:b"]]);
    expect(keysRead()).toEqual(["async:page"]);
  });

  it("says what to write outside of a render", () => {
    expect(() => read(a)).toThrow(
      expect.objectContaining({ code: "CONTEXT_UNSUPPORTED", message: expect.stringContaining("await signal.get()") }),
    );
  });

  it("tells of a failure that nobody awaits, and the process goes on", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    vi.spyOn(backend, "openSnapshot").mockReturnValue(undefined);
    vi.spyOn(backend, "snapshotFor").mockRejectedValue(new Error("engine gone"));
    await renderServer(
      <Show
        value={async () => {
          void read(a);
          await pause();
          return "shown";
        }}
      />,
    );
    expect(log.mock.calls).toMatchObject([["[kawa] read() failed and nobody awaited it:", { message: "engine gone" }]]);
  });
});

const useOwn = (signal: Signal<number>): number => useReactive(signal);
const stream = (): void => {};

describe.each(["development", "production"])("a hook in an async function, in %s", (mode) => {
  const misused: readonly (readonly [string, string, (signal: Signal<number>) => unknown])[] = [
    ["a signal", "await read(signal)", (signal) => useReactive(signal)],
    ["a computed", "await read(signal)", (signal) => useReactive(computed(() => signal.value))],
    ["a hook of one's own", "await read(signal)", useOwn],
    ["a stream", "await read(initial, start, deps)", () => useReactive(0, stream, [])],
    ["a stream by its own name", "await read(initial, start, deps)", () => useReactiveStream(0, stream, [])],
  ];

  async function errorsOf(
    page: (Misusing: () => Promise<ReactElement>) => ReactNode,
    misuse: () => unknown,
  ): Promise<unknown[]> {
    vi.stubEnv("NODE_ENV", mode);
    async function Misusing(): Promise<ReactElement> {
      return <output>{String(misuse())}</output>;
    }
    const errors = vi.spyOn(console, "error").mockImplementation(() => {});
    const flight: Flight = await renderServer(page(Misusing));
    errors.mockRestore();
    return flight.errors.map((error) => ({
      ...(error as KawaError),
      message: String(error),
      place: firstLineOf(error as Error),
    }));
  }

  const firstLineOf = ({ stack }: Error): string | undefined =>
    stack!.split("\n").find((line) => line.trim().startsWith("at "));
  const misuseError = (text: string): unknown =>
    expect.objectContaining({
      code: "CONTEXT_UNSUPPORTED",
      message: expect.stringContaining(text),
      // Of who has called the hook.
      place: expect.stringContaining("read.test.tsx"),
    });

  it.each(misused)("is an error at once that says what to write: %s", async (_, text, misuse) => {
    const errors = await errorsOf(
      (Misusing) => (
        <Suspense>
          <Misusing />
        </Suspense>
      ),
      () => misuse(a),
    );
    expect(errors).toEqual([misuseError(text)]);
    expect(errors[0]).not.toHaveProperty("then");
  });

  it.each(misused)(
    "is one where the render is known to be dynamic and the value is known: %s",
    async (name, text, misuse) => {
      const own = numberOf(`known-${mode}-${name}`);
      await own.set(1);
      expect(
        await errorsOf(
          (Misusing) => (
            <Dynamic>
              <Misusing />
            </Dynamic>
          ),
          () => misuse(own),
        ),
      ).toEqual([misuseError(text)]);
      // Whoever else reads it.
      await renderServer(<Value of={own} />);
      const beside = await errorsOf(
        (Misusing) => (
          <Dynamic>
            <Value of={own} />
            <Misusing />
          </Dynamic>
        ),
        () => misuse(own),
      );
      expect(beside).toEqual([misuseError(text)]);
    },
  );

  it.each(misused)("is one after an await: %s", async (_, text, misuse) => {
    const late = async (): Promise<unknown> => {
      await pause();
      return misuse(a);
    };
    vi.stubEnv("NODE_ENV", mode);
    vi.spyOn(console, "error").mockImplementation(() => {});
    const { errors } = await renderServer(<Show value={late} />);
    expect(errors).toMatchObject([{ code: "CONTEXT_UNSUPPORTED", message: expect.stringContaining(text) }]);
  });

  it("says something else where nothing is rendered", () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    expect(() => useReactive(a)).toThrow(
      expect.objectContaining({ message: expect.stringContaining("await signal.get()") }),
    );
  });

  it("works in a component that calls it beside async ones", async () => {
    vi.stubEnv("NODE_ENV", mode);
    await a.set(4);
    const flight = await renderServer(
      <Dynamic>
        <Value of={a} />
        <Value of={sum} />
        <Show value={() => read(a)} />
      </Dynamic>,
    );
    expect(flight.errors).toEqual([]);
    expect(outputsOf(flight).sort()).toEqual(["4", "4", "4"]);
  });
});
