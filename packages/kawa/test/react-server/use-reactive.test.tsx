import { AsyncLocalStorage } from "node:async_hooks";
import { Suspense, use, type ReactElement } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { type Backend, type Entry, type Reader, type Snapshot, unknownEntry } from "../../src/core/backend/backend.ts";
import { createPresentEntry } from "../../src/core/backend/entry.ts";
import { createMemoryBackend } from "../../src/core/memory/memory-backend.ts";
import { cell, type Cell } from "../../src/core/process/reactive.ts";
import { Snapshots } from "../../src/core/backend/snapshots.ts";
import { computed, namespace, type Readable, type Signal, useReactive } from "../../src/index.react-server.ts";
import { knownRenders } from "../../src/react/render/known-renders.ts";
import type { RequestScope } from "../../src/react/render/render-scope.ts";
import { requestScope } from "../../src/react/render/request-scope.ts";
import { outputsOf, renderServer } from "./flight.ts";

const next = vi.hoisted(() => ({
  connection: vi.fn<() => Promise<void>>(async () => {}),
  render: undefined as string | undefined,
}));

vi.mock("next/server", () => ({ connection: next.connection }));
vi.mock("next/headers", () => ({
  headers: async () =>
    new Headers({ host: "localhost", ...(next.render === undefined ? {} : { "x-kawa-render": next.render }) }),
}));

const unused = (): Promise<never> => Promise.reject(new Error("not used"));

/** A backend whose keys are unknown until they are loaded, as those of a replica. */
class LoadingBackend implements Backend {
  readonly id: string;
  readonly status = "connected" as const;
  version: { epoch: string; seq: number } = { epoch: "e", seq: 10 };
  readonly stored: Map<string, unknown> = new Map();
  readonly loads: string[][] = [];
  failure: Error | undefined;
  readonly #cells = new Map<string, Cell<Entry>>();

  constructor(id: string) {
    this.id = id;
  }

  entry(key: string): Cell<Entry> {
    if (!this.#cells.has(key)) this.#cells.set(key, cell<Entry>(unknownEntry));
    return this.#cells.get(key)!;
  }

  async load(keys: readonly string[]): Promise<void> {
    this.loads.push([...keys]);
    await new Promise(setImmediate);
    if (this.failure) throw this.failure;
    for (const key of keys) {
      this.entry(key).value = this.stored.has(key)
        ? { state: "present", seq: 5, value: this.stored.get(key) }
        : { state: "absent", seq: 0 };
    }
  }

  isGuarded = false;

  async readerFor(): Promise<Reader> {
    return this;
  }

  openSnapshot(): Snapshot | undefined {
    return this.version.epoch === ""
      ? undefined
      : this.snapshots.open({ version: this.version, live: this, readAt: unused });
  }

  async snapshotFor(): Promise<Snapshot> {
    if (this.version.epoch === "") this.version = { epoch: "e", seq: 10 };
    return this.openSnapshot()!;
  }

  readonly snapshots: Snapshots = new Snapshots();
  readonly streams = { register: unused, unregister: unused };
  set = unused;
  update = unused;
  change = unused;
  transact = unused;
  renew = unused;
  delete = unused;
  clear = unused;
  keys = unused;
  entries = unused;
  onChange = () => () => {};
  close = async () => {};
}

let count = 0;
let backend: LoadingBackend;
let scopes: RequestScope[];

beforeEach(() => {
  count += 1;
  backend = new LoadingBackend(`loading-${count}`);
  scopes = [];
  next.connection.mockClear();
  next.render = `render-number-${String(count).padStart(8, "0")}`;
});

function stored<T>(key: string, value: T, initial: T): Signal<T> {
  backend.stored.set(`t:${key}`, value);
  return namespace("t", { backend }).signal<T>(key, initial);
}

function keysReadBy(id: string, from: Backend = backend): string[] {
  return [...(knownRenders().get(id)?.keys.get(from.id) ?? [])].sort();
}

function Value({ of, renders }: { of: Readable<unknown>; renders?: () => void }): ReactElement {
  renders?.();
  const value = useReactive(of);
  scopes.push(requestScope());
  return <output>{String(value)}</output>;
}

/** Rendered before the others: after it the render is known to belong to a request. */
async function Dynamic({ children }: { children: ReactElement | ReactElement[] }): Promise<ReactElement> {
  await requestScope().markDynamic();
  return <>{children}</>;
}

describe("a signal", () => {
  it("that is not known yet suspends until it is loaded, and then shows its stored value", async () => {
    const counter = stored("counter", 7, 0);
    const flight = await renderServer(<Value of={counter} />);
    expect(flight.errors).toEqual([]);
    expect(outputsOf(flight)).toEqual(["7"]);
    expect(backend.loads).toEqual([["t:counter"]]);
  });

  it("whose stored text is no value is an error of the component that reads it, and of no other", async () => {
    const good = stored("good", 7, 0);
    const bad = stored("bad", 0, 0);
    await backend.load(["t:bad"]);
    backend.entry("t:bad").value = createPresentEntry(5, "[[-7,4294967295]]");
    const flight = await renderServer(
      <>
        <Suspense>
          <Value of={bad} />
        </Suspense>
        <Suspense>
          <Value of={computed(() => bad.value)} />
        </Suspense>
        <Value of={good} />
      </>,
    );
    expect(flight.errors).toMatchObject([
      { code: "VALUE_UNREADABLE", data: { key: "t:bad" } },
      { code: "VALUE_UNREADABLE", data: { key: "t:bad" } },
    ]);
    expect(outputsOf(flight)).toEqual(["7"]);
  });

  it("that has no value shows its default", async () => {
    const theme = namespace("t", { backend }).signal("theme", "dark");
    expect(outputsOf(await renderServer(<Value of={theme} />))).toEqual(["dark"]);
  });

  it("that is known renders without suspending", async () => {
    const counter = stored("counter", 7, 0);
    await backend.load(["t:counter"]);
    const renders = vi.fn<() => void>();
    const page = (
      <Dynamic>
        <Value of={counter} renders={renders} />
      </Dynamic>
    );
    // The first hook of each signal waits, to find out that no async function has called it.
    await renderServer(page);
    expect(renders).toHaveBeenCalledTimes(2);
    expect(outputsOf(await renderServer(page))).toEqual(["7"]);
    expect(renders).toHaveBeenCalledTimes(3);
    expect(backend.loads).toHaveLength(1);
  });

  it("shows each of two requests what is stored at its time", async () => {
    const memory = createMemoryBackend(`memory-${count}`);
    const counter = namespace("t", { backend: memory }).signal("counter", 0);
    await counter.set(1);
    expect(outputsOf(await renderServer(<Value of={counter} />))).toEqual(["1"]);
    await counter.set(2);
    expect(outputsOf(await renderServer(<Value of={counter} />))).toEqual(["2"]);
  });

  it("that cannot be loaded fails the render with its reason", async () => {
    const counter = stored("counter", 7, 0);
    backend.failure = new Error("engine gone");
    const flight = await renderServer(
      <>
        <output>beside</output>
        <Suspense fallback={null}>
          <Value of={counter} />
        </Suspense>
      </>,
    );
    expect(flight.errors).toEqual([backend.failure]);
    expect(outputsOf(flight)).toEqual(["beside"]);
  });

  it("can be loaded by the next request after one has failed", async () => {
    const counter = stored("counter", 7, 0);
    backend.failure = new Error("engine gone");
    await renderServer(<Value of={counter} />);
    backend.failure = undefined;
    expect(outputsOf(await renderServer(<Value of={counter} />))).toEqual(["7"]);
  });
});

describe("a component that uses promises of its own", () => {
  it("gets its own values after useReactive has suspended", async () => {
    const [first, second] = [stored("first", "1st", ""), stored("second", "2nd", "")];
    const own = new Promise<string>((resolve) => setImmediate(() => setImmediate(() => resolve("own"))));
    const Mixed = (): ReactElement => {
      const a = useReactive(first);
      const b = use(own);
      const c = useReactive(second);
      const d = use(Promise.resolve("late"));
      return <output>{[a, b, c, d].join(" ")}</output>;
    };
    const flight = await renderServer(<Mixed />);
    expect(flight.errors).toEqual([]);
    expect(outputsOf(flight)).toEqual(["1st own 2nd late"]);
  });

  it("gets its own values when the first signal is known and the second is not", async () => {
    const [known, unknown] = [stored("known", "known", ""), stored("unknown", "loaded", "")];
    await backend.load(["t:known"]);
    const own = Promise.resolve("own");
    const Mixed = (): ReactElement => {
      const a = useReactive(known);
      const b = useReactive(unknown);
      const c = use(own);
      return <output>{[a, b, c].join(" ")}</output>;
    };
    const flight = await renderServer(
      <Dynamic>
        <Mixed />
      </Dynamic>,
    );
    expect(outputsOf(flight)).toEqual(["known loaded own"]);
  });

  it.each([
    ["is loaded again, and shown", undefined],
    ["fails when it cannot be loaded again", new Error("engine gone")],
  ])("and a key that is not known any more when it runs again: it %s", async (_, failure) => {
    const known = stored("known", "before", "");
    await renderServer(<Value of={known} />);
    const own = Promise.withResolvers<string>();
    const forget = (scope: RequestScope): void => {
      if (backend.loads.length > 1) return;
      Object.assign(backend, { failure });
      backend.stored.set("t:known", "after");
      backend.entry("t:known").value = unknownEntry;
      scope.renew();
      own.resolve("own");
    };
    const Mixed = (): ReactElement => {
      const a = useReactive(known);
      const scope = requestScope();
      setImmediate(forget, scope);
      return <output>{[a, use(own.promise)].join(" ")}</output>;
    };
    const flight = await renderServer(
      <Dynamic>
        <Mixed />
      </Dynamic>,
    );
    expect(flight.errors).toEqual(failure ? [failure] : []);
    expect(outputsOf(flight)).toEqual(failure ? [] : ["after own"]);
    expect(backend.loads).toHaveLength(2);
  });

  it("gets its own values when a key becomes known while it is suspended", async () => {
    const [slow, quick] = [stored("slow", "slow", ""), stored("quick", "quick", "")];
    const own = new Promise<string>((resolve) => setTimeout(resolve, 5, "own"));
    const Mixed = (): ReactElement => {
      const a = useReactive(slow);
      const b = use(own);
      const c = useReactive(quick);
      return <output>{[a, b, c].join(" ")}</output>;
    };
    const flight = await renderServer(
      <>
        <Mixed />
        <Value of={quick} />
      </>,
    );
    expect(flight.errors).toEqual([]);
    expect(outputsOf(flight).sort()).toEqual(["quick", "slow own quick"]);
  });
});

describe("a computed", () => {
  it("suspends until all its signals are known", async () => {
    const [a, b] = [stored("a", 20, 0), stored("b", 22, 0)];
    const sum = computed(() => a.value + b.value);
    const flight = await renderServer(<Value of={sum} />);
    expect(outputsOf(flight)).toEqual(["42"]);
    expect(flight.errors).toEqual([]);
  });

  it("waits for what it reads only after it has seen the first values", async () => {
    const [choice, left, right] = [
      stored("choice", "right", "left"),
      stored("left", "L", "-"),
      stored("right", "R", "-"),
    ];
    const chosen = computed(() => (choice.value === "left" ? left.value : right.value));
    expect(outputsOf(await renderServer(<Value of={chosen} />))).toEqual(["R"]);
  });

  it("of another computed counts the signals behind both, cached or not", async () => {
    const [a, b] = [stored("a", 1, 0), stored("b", 2, 0)];
    const sum = computed(() => a.value + b.value);
    const text = computed(() => `sum ${sum.value}`);
    const ids = [next.render!, `${next.render}-again`];
    for (const id of ids) {
      next.render = id;
      expect(outputsOf(await renderServer(<Value of={text} />))).toEqual(["sum 3"]);
    }
    for (const id of ids) expect(keysReadBy(id)).toEqual(["t:a", "t:b"]);
  });

  it("that fails on the defaults is asked again once the values are known", async () => {
    const users = stored("users", [{ name: "Ada" }], [] as { name: string }[]);
    const first = computed(() => users.value[0]!.name);
    const flight = await renderServer(<Value of={first} />);
    expect(flight.errors).toEqual([]);
    expect(outputsOf(flight)).toEqual(["Ada"]);
  });

  it("that throws fails the render with its own error", async () => {
    const a = stored("a", 1, 0);
    const error = new Error("own mistake");
    const broken = computed(() => {
      if (a.value === 1) throw error;
      return a.value;
    });
    const flight = await renderServer(<Value of={broken} />);
    expect(flight.errors).toEqual([error]);
  });
});

describe("the request's scope", () => {
  it("remembers each key once, under the id that the middleware has told", async () => {
    const [a, b] = [stored("a", 1, 0), stored("b", 2, 0)];
    await renderServer(
      <>
        <Value of={a} />
        <Value of={a} />
        <Value of={b} />
        <Value of={computed(() => a.value + b.value)} />
      </>,
    );
    expect(keysReadBy(next.render!)).toEqual(["t:a", "t:b"]);
  });

  it("keeps the version of the first read, which all shown values are at least as new as", async () => {
    const [a, b] = [stored("a", 1, 0), stored("b", 2, 0)];
    await backend.load(["t:a"]);
    const moved = Promise.withResolvers<void>();
    setImmediate(() => {
      backend.version = { epoch: "e", seq: 11 };
      moved.resolve();
    });
    const Later = (): ReactElement => {
      use(moved.promise);
      return <Value of={b} />;
    };
    await renderServer(
      <Dynamic>
        <Value of={a} />
        <Later />
      </Dynamic>,
    );
    expect(new Set(scopes).size).toBe(1);
    expect(Object.fromEntries(scopes[0]!.versions)).toEqual({ [backend.id]: { epoch: "e", seq: 10 } });
  });

  it("has no version of a backend that is not connected, and connects only one that it reads", async () => {
    backend.version = { epoch: "", seq: 0 };
    const seen: number[] = [];
    const Noting = (): null => {
      requestScope().noteVersion(backend);
      seen.push(requestScope().versions.size);
      return null;
    };
    await renderServer(<Noting />);
    expect(seen).toEqual([0]);
    expect(backend.version.epoch).toBe("");
    await renderServer(<Value of={stored("a", 1, 0)} />);
    expect(Object.fromEntries(scopes[0]!.versions)).toEqual({ [backend.id]: { epoch: "e", seq: 10 } });
  });

  it("is another one for each request", async () => {
    const a = stored("a", 1, 0);
    await Promise.all([renderServer(<Value of={a} />), renderServer(<Value of={a} />)]);
    expect(new Set(scopes).size).toBe(2);
  });

  it.each([undefined, "", "<forged>"])("makes an id of its own when it is told %j", async (given) => {
    next.render = given;
    const flight = await renderServer(<Value of={stored("a", 1, 0)} />);
    expect(outputsOf(flight)).toEqual(["1"]);
    expect(scopes[0]!.id).toMatch(/^[\w-]{36}$/);
    expect(keysReadBy(scopes[0]!.id)).toEqual(["t:a"]);
  });
});

describe("the route", () => {
  it("is made dynamic once a request, before anything is loaded", async () => {
    const [a, b] = [stored("a", 1, 0), stored("b", 2, 0)];
    next.connection.mockImplementationOnce(async () => expect(backend.loads).toEqual([]));
    const flight = await renderServer(
      <>
        <Value of={a} />
        <Value of={b} />
      </>,
    );
    expect(outputsOf(flight)).toEqual(["1", "2"]);
    expect(next.connection).toHaveBeenCalledTimes(1);
  });

  it("loads nothing in a prerender, where the request never comes", async () => {
    next.connection.mockImplementationOnce(() => new Promise(() => {}));
    const rendered = renderServer(<Value of={stored("a", 1, 0)} />).then(() => "rendered");
    const waited = new Promise((resolve) => setTimeout(resolve, 20, "still waiting"));
    expect(await Promise.race([rendered, waited])).toBe("still waiting");
    expect(backend.loads).toEqual([]);
  });
});

const identities = new AsyncLocalStorage<string>();

/** A backend that shows each identity another value, and nobody "for nobody". */
class GuardedBackend extends LoadingBackend {
  override isGuarded = true;
  readonly readers: string[] = [];

  override openSnapshot(): undefined {}

  override async snapshotFor(): Promise<Snapshot> {
    const identity = identities.getStore() ?? "nobody";
    this.readers.push(identity);
    await new Promise(setImmediate);
    const view = new LoadingBackend(`${this.id}/${identity}`);
    for (const [key, value] of this.stored) view.stored.set(key, `${String(value)} for ${identity}`);
    view.failure = this.failure;
    view.version = this.version;
    return Object.assign(view, {
      identity,
      isConsistent: true,
      release: () => {},
      peek: (key: string) => view.entry(key).peek(),
    });
  }
}

describe("signals that are guarded", () => {
  let guarded: GuardedBackend;

  beforeEach(() => {
    guarded = new GuardedBackend(`guarded-${count}`);
    guarded.stored.set("t:a", "A");
    guarded.stored.set("t:b", "B");
  });

  const renderAs = (identity: string, element: ReactElement) => identities.run(identity, () => renderServer(element));
  const signalA = (): Signal<string> => namespace("t", { backend: guarded }).signal("a", "none");
  const signalB = (): Signal<string> => namespace("t", { backend: guarded }).signal("b", "none");

  it("show each render what its identity may see, also when others have rendered before and at the same time", async () => {
    const [a, b] = [signalA(), signalB()];
    const page = (
      <>
        <Value of={a} />
        <Value of={b} />
      </>
    );
    const flights = await Promise.all(["ada", "bob", "ada"].map((identity) => renderAs(identity, page)));
    expect(flights.map(outputsOf)).toEqual([
      ["A for ada", "B for ada"],
      ["A for bob", "B for bob"],
      ["A for ada", "B for ada"],
    ]);
    expect(guarded.readers).toEqual(["ada", "bob", "ada"]);
  });

  it("are not taken from what nobody may see, although this process knows it", async () => {
    const a = signalA();
    await guarded.load(["t:a"]);
    expect(guarded.entry("t:a").peek()).toMatchObject({ value: "A" });
    expect(outputsOf(await renderAs("ada", <Value of={a} />))).toEqual(["A for ada"]);
  });

  it("make a computed value that is computed for this render alone", async () => {
    const [a, b] = [signalA(), signalB()];
    const both = computed(() => `${a.value} + ${b.value}`);
    const outer = computed(() => `<${both.value}>`);
    for (const identity of ["ada", "bob", "ada"]) {
      const flight = await renderAs(identity, <Value of={outer} />);
      expect(flight.errors).toEqual([]);
      expect(outputsOf(flight)).toEqual([`<A for ${identity} + B for ${identity}>`]);
    }
    expect(outer.value).not.toContain("for");
  });

  it("are remembered as hidden where nothing was seen of them, alone and in computed values", async () => {
    guarded.stored.delete("t:b");
    const [a, b] = [signalA(), signalB()];
    const both = computed(() => `${a.value} + ${b.value}`);
    const pages = [
      <>
        <Value of={a} />
        <Value of={b} />
      </>,
      <Value key="both" of={both} />,
    ];
    for (const page of pages) {
      await renderAs("ada", page);
      const reads = knownRenders().get(next.render!)!;
      expect(["t:a", "t:b"].map((key) => reads.hiddenFrom(guarded.id, key))).toEqual([undefined, "ada"]);
    }
  });

  it("fail the render of whom they are refused", async () => {
    guarded.failure = new Error("Not yours");
    const flight = await renderAs(
      "eve",
      <Suspense fallback={null}>
        <Value of={signalA()} />
      </Suspense>,
    );
    expect(flight.errors).toEqual([guarded.failure]);
  });

  it("are announced with the version from before they were asked for", async () => {
    const a = signalA();
    const load = vi.spyOn(LoadingBackend.prototype, "load").mockImplementation(async function (
      this: LoadingBackend,
      keys,
    ) {
      // The render of an earlier test may still be asking.
      if (this.id !== `${guarded.id}/ada`) throw new Error("not of this test");
      for (const key of keys) this.entry(key).value = { state: "present", seq: 10, value: "old" };
      guarded.version = { epoch: "e", seq: 11 };
    });
    expect(outputsOf(await renderAs("ada", <Value of={a} />))).toEqual(["old"]);
    load.mockRestore();
    expect(scopes.at(-1)!.versions.get(guarded.id)).toEqual({ epoch: "e", seq: 10 });
  });

  it("count as read by the page", async () => {
    await renderAs("ada", <Value of={signalA()} />);
    expect(keysReadBy(next.render!, guarded)).toEqual(["t:a"]);
  });
});
