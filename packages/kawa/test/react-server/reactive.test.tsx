import { type ReactElement, type ReactNode, Suspense, use } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Backend, registerBackend, unregisterBackend } from "../../src/core/backend/backend.ts";
import { createMemoryBackend } from "../../src/core/memory/memory-backend.ts";
import { namespace, type Signal, useReactive } from "../../src/index.react-server.ts";
import type { AskingClient } from "../../src/next/network/asking-client.ts";
import { closePushes, pushCount } from "../../src/next/fragments/push/open-pushes.ts";
import { checkedPush, openPush as open } from "../../src/next/fragments/push/open-push.ts";
import type { FragmentRef, Push, PushAnswer, PushRequest } from "../../src/next/protocol/push-protocol.ts";
import { reactive } from "../../src/next/fragments/reactive.tsx";
import { quotas } from "../../src/next/limits/quota.ts";
import { knownRenders } from "../../src/react/render/known-renders.ts";
import { findRender } from "../../src/react/render/foreign-renders.ts";
import { shareSecret } from "../../src/rivetkit/secret/shared-secret.ts";
import { codeOf } from "../support/caught.ts";
import { outputsOf, renderServer } from "./flight.ts";

const next = vi.hoisted(() => ({ render: "" }));
const client = vi.hoisted(() => ({ shown: [] as FragmentRef[] }));

vi.mock("next/server", () => ({ connection: async () => {} }));
vi.mock("next/headers", () => ({ headers: async () => new Headers({ "x-kawa-render": next.render }) }));
vi.mock("../../src/next/fragments/client/live-fragment.tsx", () => ({
  LiveFragment: ({ children, ...ref }: FragmentRef & { children?: ReactNode }) => {
    client.shown.push(ref);
    return children;
  },
}));

let count = 0;
let backend: Backend;

beforeEach(() => {
  count += 1;
  next.render = `render-number-${String(count).padStart(8, "0")}`;
  client.shown = [];
  backend = createMemoryBackend(`fragments-${count}`);
  registerBackend(backend, { global: true });
  shareSecret("a secret of the test");
});

afterEach(() => {
  closePushes();
  unregisterBackend(backend);
});

function counter(name: string): Signal<number> {
  return namespace("t", { backend }).signal(name, 0);
}

function Value({ name }: { name: string }): ReactElement {
  return <output>{useReactive(counter(name))}</output>;
}

const Live = reactive(Value, { id: "live" });

function keysOf(id: string): string[] {
  return [...(knownRenders().get(id)?.keys.get(backend.id) ?? [])].toSorted();
}

async function shown(model: ReactNode): Promise<string[]> {
  const flight = await renderServer(model);
  expect(flight.errors).toEqual([]);
  return outputsOf(flight);
}

function later<T>(value: T): Promise<T> {
  return new Promise((resolve) => setTimeout(resolve, 5, value));
}

describe("a fragment in a page", () => {
  it("has reads of its own, apart from those of the page and of another fragment", async () => {
    const page = (
      <>
        <Value name="page" />
        <Live name="a" />
        <Value name="page too" />
        <Live name="b" />
      </>
    );
    expect(await shown(page)).toEqual(["0", "0", "0", "0"]);
    expect(keysOf(next.render)).toEqual(["t:page", "t:page too"]);
    expect(client.shown.map(({ render }) => keysOf(render))).toEqual([["t:a"], ["t:b"]]);
  });

  it("does not take a key from the page, which has read it too", async () => {
    await shown([<Live key={1} name="a" />, <Value key={2} name="a" />]);
    expect(keysOf(next.render)).toEqual(["t:a"]);
    expect(keysOf(client.shown[0]!.render)).toEqual(["t:a"]);
  });

  it("says which versions it shows", async () => {
    await counter("a").set(1);
    await shown(<Live name="a" />);
    expect(client.shown[0]!.versions).toBe(`${backend.version.epoch}@1`);
  });

  it("reads for itself also when it waited in between, and in components below, late ones and asynchronous ones too", async () => {
    const Below = async ({ name }: { name: string }): Promise<ReactElement> => {
      await later(null);
      return <Value name={name} />;
    };
    const Deep = reactive(
      function Deep({ name }: { name: string }) {
        const first = useReactive(counter(`${name} 1`));
        const own = use(later(2));
        const second = useReactive(counter(`${name} 2`));
        return (
          <section>
            <output>{first + own + second}</output>
            {[<Value key="in an array" name={`${name} 3`} />]}
            <Suspense fallback={<Value name={`${name} 4`} />}>
              <Below name={`${name} 5`} />
            </Suspense>
          </section>
        );
      },
      { id: "deep" },
    );
    expect((await shown(<Deep name="d" />)).toSorted()).toEqual(["0", "0", "0", "2"]);
    expect(keysOf(next.render)).toEqual([]);
    expect(keysOf(client.shown[0]!.render)).toEqual(["t:d 1", "t:d 2", "t:d 3", "t:d 4", "t:d 5"]);
  });

  it("that is asynchronous reads for itself", async () => {
    const Async = reactive(
      async function Async({ name }: { name: string }) {
        await later(null);
        return <Value name={name} />;
      },
      { id: "async" },
    );
    expect(await shown(<Async name="a" />)).toEqual(["0"]);
    expect(keysOf(next.render)).toEqual([]);
    expect(keysOf(client.shown[0]!.render)).toEqual(["t:a"]);
  });

  it("inside of another one is not part of that one's reads", async () => {
    const Outer = reactive(
      function Outer({ name }: { name: string }) {
        return (
          <section>
            <output>{useReactive(counter(`${name} outer`))}</output>
            <Live name={`${name} inner`} />
          </section>
        );
      },
      { id: "outer" },
    );
    await shown(<Outer name="n" />);
    expect(keysOf(next.render)).toEqual([]);
    expect(client.shown.map(({ render }) => keysOf(render)).toSorted()).toEqual([["t:n inner"], ["t:n outer"]]);
  });

  it("grows as its page does, until all late parts are there", async () => {
    const held = Promise.withResolvers<void>();
    const Late = async (): Promise<ReactElement> => {
      await held.promise;
      return <Value name="late" />;
    };
    const growing = (): (boolean | undefined)[] =>
      [next.render, client.shown[0]?.render ?? ""].map((id) => findRender(id)?.isGrowing);
    const rendering = shown([<Live key="a" name="a" />, <Late key="late" />]);
    await vi.waitFor(() => expect(growing()).toEqual([true, true]));
    held.resolve();
    await rendering;
    expect(growing()).toEqual([false, false]);
    expect(keysOf(next.render)).toEqual(["t:late"]);
  });

  it("that fails is the page's, so that a change brings it back", async () => {
    const Failing = reactive(
      function Failing({ name }: { name: string }): ReactNode {
        const value = useReactive(counter(name));
        if (value === 0) throw new Error("not yet");
        return <output>{value}</output>;
      },
      { id: "failing" },
    );
    const flight = await renderServer(
      <Suspense fallback={null}>
        <Failing name="f" />
        <Live name="a" />
      </Suspense>,
    );
    expect(flight.errors).toHaveLength(1);
    await vi.waitFor(() => expect(keysOf(next.render)).toEqual(["t:f"]));
  });

  it("is an ordinary part of the page when its props cannot travel", async () => {
    const Framed = reactive(
      function Framed({ name, children }: { name: string; children: ReactNode }) {
        return (
          <section>
            <Value name={name} />
            {children}
          </section>
        );
      },
      { id: "framed" },
    );
    expect(
      await shown(
        <Framed name="a">
          <b>text</b>
        </Framed>,
      ),
    ).toEqual(["0"]);
    expect(client.shown).toEqual([]);
    expect(keysOf(next.render)).toEqual(["t:a"]);
  });
});

const tab = "tab-of-the-test-0001";
const visitor = { session: undefined, address: "192.0.2.1" };

function openPush(request: PushRequest, by: AskingClient = visitor): PushAnswer {
  return open(checkedPush(request), by);
}

type Pushed = { readonly outputs: string[]; readonly text: string; readonly errors: readonly unknown[] };

/** What a push renders while `during` runs. */
async function push(fragments: readonly FragmentRef[], during: () => Promise<void>): Promise<Pushed> {
  const { pushes } = openPush({ tab, fragments });
  const rendering = renderServer(pushes as unknown as ReactNode);
  await during();
  closePushes();
  const flight = await rendering;
  return { outputs: outputsOf(flight), text: flight.text, errors: flight.errors };
}

/** Lets time pass, with all that is to be done before and after. */
async function pass(durationMs: number): Promise<void> {
  await turns();
  vi.advanceTimersByTime(durationMs);
  await turns();
}

/** Lets everything be done that waits for no time. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
}

/** Longer than the gap between two rounds. */
function aRound(): Promise<void> {
  return pass(20);
}

async function rendered(model: ReactNode): Promise<readonly FragmentRef[]> {
  client.shown = [];
  await shown(model);
  return [...client.shown];
}

describe("a push", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    // The manual clock begins anew.
    Reflect.deleteProperty(globalThis, Symbol.for("kawa.render-budget"));
  });

  afterEach(() => void vi.useRealTimers());

  it("renders what has changed, and only that", async () => {
    const refs = await rendered([<Live key="a" name="a" />, <Live key="b" name="b" />]);
    const { outputs } = await push(refs, async () => {
      await counter("other").set(9);
      await aRound();
      await counter("b").set(1);
      await aRound();
      await counter("a").set(2);
      await aRound();
    });
    expect(outputs).toEqual(["1", "2"]);
  });

  it("renders one round after the other, and not the next before all of this one has been rendered", async () => {
    const waits: (() => void)[] = [];
    const Slow = reactive(
      async function Slow({ name }: { name: string }) {
        await new Promise<void>((resolve) => waits.push(resolve));
        return <Value name={name} />;
      },
      { id: "slow" },
    );
    const rendering = rendered(<Slow name="s" />);
    await vi.waitFor(() => expect(waits).toHaveLength(1));
    waits.pop()!();
    const { outputs } = await push(await rendering, async () => {
      await counter("s").set(1);
      await aRound();
      await counter("s").set(2);
      await pass(500);
      expect(waits).toHaveLength(1);
      waits.pop()!();
      await aRound();
      expect(waits).toHaveLength(1);
      waits.pop()!();
      await aRound();
    });
    expect(outputs).toEqual(["2", "2"]);
  });

  it("renders what turns out to show something older than it has told, before and during the push, once each", async () => {
    await counter("a").set(1);
    const refs = await rendered(<Live name="a" />);
    const reads = findRender(refs[0]!.render)!;
    reads.noteOlder(backend.id);
    const { outputs } = await push(refs, async () => {
      await aRound();
      await aRound();
      reads.noteOlder(backend.id);
      await aRound();
      await aRound();
    });
    expect(outputs).toEqual(["1", "1"]);
  });

  it("renders nothing for what is shown already", async () => {
    await counter("a").set(1);
    const refs = await rendered(<Live name="a" />);
    expect((await push(refs, aRound)).outputs).toEqual([]);
  });

  it("renders at once what has changed since it was shown", async () => {
    const refs = await rendered(<Live name="a" />);
    await counter("a").set(1);
    expect((await push(refs, aRound)).outputs).toEqual(["1"]);
  });

  it("renders at once what another server has rendered, or what is of unknown age", async () => {
    const [ref] = await rendered(<Live name="a" />);
    expect((await push([{ ...ref!, render: "of-another-server-1" }], aRound)).outputs).toEqual(["0"]);
    expect((await push([{ ...ref!, versions: "" }], aRound)).outputs).toEqual(["0"]);
  });

  it("renders at once what a call before was to bring, which was cut before it did", async () => {
    const [ref] = await rendered(<Live name="a" />);
    const fragments = [{ ...ref!, render: "of-another-server-2" }];
    openPush({ tab, fragments });
    closePushes();
    expect(findRender("of-another-server-2")).toBeUndefined();
    expect((await push(fragments, aRound)).outputs).toEqual(["0"]);
  });

  it("renders nothing again that a call before has brought, unless its browser has gone meanwhile", async () => {
    const [ref] = await rendered(<Live name="a" />);
    const fragments = [{ ...ref!, render: "of-another-server-3" }];
    expect((await push(fragments, aRound)).outputs).toEqual(["0"]);
    expect((await push(fragments, aRound)).outputs).toEqual([]);
    await openPush({ tab, fragments }).pushes[Symbol.asyncIterator]().throw!(new Error("The connection was lost."));
    expect((await push(fragments, aRound)).outputs).toEqual(["0"]);
  });

  it("makes its fragments grow until its render has ended", async () => {
    const refs = await rendered(<Live name="a" />);
    const reads = findRender(refs[0]!.render)!;
    expect(reads.isGrowing).toBe(false);
    await push(refs, async () => {
      await counter("a").set(1);
      await aRound();
      expect(reads.isGrowing).toBe(true);
    });
    expect(reads.isGrowing).toBe(false);
  });

  it("folds the changes of a turn into one round, and shows the last value", async () => {
    const refs = await rendered(<Live name="a" />);
    const { outputs } = await push(refs, async () => {
      for (let value = 1; value <= 50; value += 1) void counter("a").set(value);
      await aRound();
    });
    expect(outputs.length).toBeLessThanOrEqual(2);
    expect(outputs.at(-1)).toBe("50");
  });

  it("goes on with what a fragment reads only later, and inside of Suspense", async () => {
    const Chooser = reactive(
      function Chooser({ name }: { name: string }) {
        const choice = useReactive(counter(name));
        return (
          <Suspense fallback={null}>
            <Value name={`${name}-${choice}`} />
          </Suspense>
        );
      },
      { id: "chooser" },
    );
    const refs = await rendered(<Chooser name="c" />);
    const { outputs } = await push(refs, async () => {
      await counter("c").set(1);
      await aRound();
      await counter("c-1").set(11);
      await aRound();
    });
    expect(outputs).toEqual(["0", "11"]);
  });

  it("renders an inner fragment under the name that the browser knows", async () => {
    const Outer = reactive(
      function Outer({ name }: { name: string }) {
        return (
          <section>
            <output>{useReactive(counter(name))}</output>
            <Live name={`${name} inner`} />
          </section>
        );
      },
      { id: "outer of a push" },
    );
    const refs = await rendered(<Outer name="n" />);
    client.shown = [];
    await push(refs, async () => {
      await counter("n").set(1);
      await aRound();
    });
    const inner = refs.find(({ render }) => keysOf(render).includes("t:n inner"))!;
    expect(client.shown).toEqual([{ ...inner, versions: `${backend.version.epoch}@1` }]);
  });

  it("goes on after a fragment has failed", async () => {
    const Odd = reactive(
      function Odd({ name }: { name: string }) {
        const value = useReactive(counter(name));
        if (value % 2 === 1) throw new Error("odd");
        return <output>{value}</output>;
      },
      { id: "odd" },
    );
    const refs = await rendered([<Odd key="o" name="o" />, <Live key="a" name="a" />]);
    const { outputs, errors } = await push(refs, async () => {
      await counter("o").set(1);
      await aRound();
      await counter("o").set(2);
      await pass(1_000);
    });
    expect(errors).toHaveLength(1);
    expect(outputs).toEqual(["2"]);
  });

  it("renders a fragment once, however often it is named", async () => {
    let count = 0;
    const Counted = reactive(
      function Counted({ name }: { name: string }) {
        count += 1;
        return <output>{useReactive(counter(name))}</output>;
      },
      { id: "counted" },
    );
    const [ref] = await rendered(<Counted name="c" />);
    count = 0;
    const many = Array.from({ length: 200 }, (_, n) => ({ ...ref!, render: `one-of-two-hundred-${n}` }));
    const { outputs, text } = await push(many, async () => {
      await aRound();
      await aRound();
    });
    expect([count, outputs]).toEqual([1, ["0"]]);
    // Nor is it told once for each place.
    expect(text.length).toBeLessThan(2_500);
    expect(quotas().fragments.total).toBe(0);
  });

  it("renders no more in one piece than takes some milliseconds, as far as it knows", async () => {
    const refs = await rendered(Array.from({ length: 25 }, (_, n) => <Live key={n} name={`many ${n}`} />));
    const stale = refs.map((ref) => ({ ...ref, versions: "" }));
    const iterator = openPush({ tab, fragments: stale }).pushes[Symbol.asyncIterator]();
    const sizes: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const pushed = iterator.next();
      await pass(1_000);
      const { value } = (await pushed) as { value: Push };
      sizes.push(value.fragments.length);
    }
    // Of a component that has not been pushed yet half a millisecond is expected.
    expect(sizes).toEqual([10, 10, 5]);
  });

  it("follows a change at once: no timer lies in between, though the clock goes on", async () => {
    const [ref] = await rendered(<Live name="at once" />);
    const iterator = openPush({ tab, fragments: [ref!] }).pushes[Symbol.asyncIterator]();
    const pushed = vi.fn<(result: IteratorResult<Push, unknown>) => void>();
    void iterator.next().then(pushed);
    let now = performance.now();
    const clock = vi.spyOn(performance, "now").mockImplementation(() => (now += 0.001));
    const timers = vi.spyOn(globalThis, "setTimeout");
    await counter("at once").set(1);
    await turns();
    expect(pushed).toHaveBeenCalledTimes(1);
    expect(timers.mock.calls.filter(([, delayMs = 0]) => delayMs < 1)).toEqual([]);
    for (const spied of [clock, timers]) spied.mockRestore();
    closePushes();
  });

  it("renders nothing while nobody reads, everything once when somebody does, and ends after 30 s", async () => {
    const [ref] = await rendered(<Live name="a" />);
    const reader = { needsDrain: false, disconnect: vi.fn<() => void>() };
    const iterator = open({ tab, fragments: [ref!] }, visitor, reader).pushes[Symbol.asyncIterator]();
    const pushed = vi.fn<(result: IteratorResult<Push, unknown>) => void>();
    reader.needsDrain = true;
    void iterator.next().then(pushed);
    for (let value = 1; value <= 5; value += 1) {
      await counter("a").set(value);
      await pass(1_000);
    }
    expect(pushed).not.toHaveBeenCalled();
    reader.needsDrain = false;
    await pass(100);
    expect(pushed).toHaveBeenCalledTimes(1);
    reader.needsDrain = true;
    const last = iterator.next();
    await counter("a").set(6);
    for (let second = 0; second < 29; second += 1) await pass(1_000);
    expect(reader.disconnect).not.toHaveBeenCalled();
    for (let second = 0; second < 3; second += 1) await pass(1_000);
    expect(reader.disconnect).toHaveBeenCalledTimes(1);
    expect(await last).toEqual({ done: true, value: "replaced" });
    expect(pushCount()).toBe(0);
  });

  it("is refused where a client has too many, and what it has taken is given back", async () => {
    const [ref] = await rendered(<Live name="a" />);
    const open = (n: number): PushAnswer =>
      openPush({ tab: `tab-of-a-stranger-${n}`, fragments: [ref!] }, { session: "s", address: "192.0.2.9" });
    for (let n = 0; n < 16; n += 1) open(n);
    expect(await codeOf(() => open(16))).toBe("STREAMS_EXHAUSTED");
    expect(pushCount()).toBe(16);
    // A call of the same tab takes the place of the one before.
    open(3);
    closePushes();
    expect([quotas().pushes.total, quotas().fragments.total]).toEqual([0, 0]);
  });

  it("names of other servers take no place of the renders that this one knows", async () => {
    const refs = await rendered(<Live name="a" />);
    for (let call = 0; call < 60; call += 1) {
      const foreign = Array.from({ length: 200 }, (_, n) => ({ ...refs[0]!, render: `foreign-render-${call}-${n}` }));
      openPush({ tab, fragments: foreign });
    }
    expect(keysOf(refs[0]!.render)).toEqual(["t:a"]);
  });

  it("says which fragments it cannot render", async () => {
    const [ref] = await rendered(<Live name="a" />);
    const forged = { ...ref!, token: `${ref!.token}x` };
    const { unknown } = openPush({ tab, fragments: [forged, ref!, { ...ref!, token: "" }] });
    expect(unknown).toEqual([0, 2]);
  });

  it("is one for each tab: a new one ends the one before, one without fragments ends it too", async () => {
    const refs = await rendered(<Live name="a" />);
    const first = openPush({ tab, fragments: refs }).pushes[Symbol.asyncIterator]();
    const second = openPush({ tab, fragments: refs }).pushes[Symbol.asyncIterator]();
    expect(await first.next()).toEqual({ done: true, value: "replaced" });
    expect(pushCount()).toBe(1);
    const waiting = second.next();
    openPush({ tab, fragments: [] });
    expect(await waiting).toEqual({ done: true, value: "replaced" });
    expect(pushCount()).toBe(0);
  });

  it.each(["return", "throw"] as const)("leaves nothing behind after %s, also while it waits", async (end) => {
    const refs = await rendered(<Live name="a" />);
    const iterator = openPush({ tab, fragments: refs }).pushes[Symbol.asyncIterator]();
    const waiting = iterator.next();
    await iterator[end]!();
    expect(await waiting).toMatchObject({ done: true });
    expect(await iterator.next()).toMatchObject({ done: true });
    expect(pushCount()).toBe(0);
  });

  it("ends with the server, so that browsers come back", async () => {
    const refs = await rendered(<Live name="a" />);
    const iterator = openPush({ tab, fragments: refs }).pushes[Symbol.asyncIterator]();
    closePushes();
    expect(await iterator.next()).toEqual({ done: true, value: "restart" });
  });

  it("ends after a minute", async () => {
    const refs = await rendered(<Live name="a" />);
    const iterator = openPush({ tab, fragments: refs }).pushes[Symbol.asyncIterator]();
    const ended = iterator.next();
    vi.advanceTimersByTime(60_000);
    expect(await ended).toEqual({ done: true, value: "renew" });
  });

  it.each<[string, object]>([
    ["nothing", {}],
    ["no tab", { tab: "", fragments: [] }],
    ["no list", { tab, fragments: "all" }],
    ["something else in the list", { tab, fragments: [null] }],
    [
      "too many",
      { tab, fragments: Array.from({ length: 201 }, () => ({ token: "", render: "r".repeat(16), versions: "" })) },
    ],
  ])("refuses a request with %s", async (_, request) => {
    expect(await codeOf(() => openPush(request as never))).toBe("REQUEST_INVALID");
  });
});
