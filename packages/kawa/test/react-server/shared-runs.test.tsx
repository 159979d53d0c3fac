import { cache, type ReactElement, type ReactNode, Suspense, use, useId, useMemo } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Backend, registerBackend, unregisterBackend } from "../../src/core/backend/backend.ts";
import { detached } from "../../src/core/process/detached.ts";
import { createMemoryBackend } from "../../src/core/memory/memory-backend.ts";
import { namespace, type Signal, useReactive } from "../../src/index.react-server.ts";
import type { FragmentComponent } from "../../src/next/fragments/push/fragment-registry.ts";
import { reactive } from "../../src/next/fragments/reactive.tsx";
import type { SharedRun } from "../../src/next/fragments/push/shared-run.ts";
import { SharedRuns } from "../../src/next/fragments/push/shared-runs.ts";
import { RenderReads } from "../../src/react/render/render-reads.ts";
import { resolveContext } from "../../src/rivetkit/identity/context.ts";
import { renderServer } from "./flight.ts";

vi.mock("next/server", () => ({ connection: async () => {} }));
vi.mock("next/headers", () => ({ headers: async () => new Headers({ "x-kawa-render": "render-number-1" }) }));

// From here on it leads back to this place, which is outside of every request.
detached(() => {});

vi.mock("../../src/next/fragments/client/live-fragment.tsx", () => ({ LiveFragment: () => null }));

let count = 0;
let backend: Backend;
let shared: SharedRuns;
let ran: string[];

beforeEach(() => {
  count += 1;
  ran = [];
  backend = createMemoryBackend(`shared-${count}`);
  registerBackend(backend, { global: true });
  shared = new SharedRuns(() => detached);
});

afterEach(() => unregisterBackend(backend));

function counter(name: string): Signal<number> {
  return namespace("t", { backend }).signal(name, 0);
}

function Value({ name }: { name: string }): ReactElement {
  const value = useReactive(counter(name));
  // Not before: a hook that waits has the component begin again.
  ran.push(name);
  return <output>{value}</output>;
}

async function runOf(
  component: (props: never) => ReactNode | Promise<ReactNode>,
  props: object = {},
): Promise<SharedRun> {
  const run = shared.of({ token: component.name, component: component as unknown as FragmentComponent, props })!;
  await run.settled;
  return run;
}

async function textOf(node: ReactNode): Promise<string> {
  const { text, errors } = await renderServer(node);
  expect(errors).toEqual([]);
  return text;
}

/** Types and keys of all elements that a browser is given, and how many have which. */
function placesIn(text: string): string[] {
  return [...text.matchAll(/\["\$",("\w+",(?:null|"[^"]*"),\{"children":[^,\]}]*)/g)]
    .map((match) => match[1]!.replace(/\[.*/, ""))
    .toSorted();
}

describe("a run for all tabs", () => {
  it("is one for all that ask at one version, also for those that ask while it runs", async () => {
    await counter("a").set(1);
    const [first, second] = await Promise.all([runOf(Value, { name: "a" }), runOf(Value, { name: "a" })]);
    expect([first.state, second, await runOf(Value, { name: "a" }), ran]).toEqual(["done", first, first, ["a"]]);
    expect(await textOf(first.node)).toContain('"children":1');
  });

  it("is made anew when what it has read has changed, and not when something else has", async () => {
    await counter("a").set(1);
    await counter("b").set(1);
    const first = await runOf(Value, { name: "a" });
    await counter("b").set(2);
    expect(await runOf(Value, { name: "a" })).toBe(first);
    await counter("a").set(2);
    const second = await runOf(Value, { name: "a" });
    expect(await textOf(second.node)).toContain('"children":2');
    expect(ran).toEqual(["a", "a"]);
  });

  it("is not joined by who has heard of a later version", async () => {
    const goOn: (() => void)[] = [];
    async function Slow(): Promise<ReactElement> {
      await new Promise<void>((resolve) => goOn.push(resolve));
      return <Value name="a" />;
    }
    const first = runOf(Slow);
    await vi.waitFor(() => expect(goOn).toHaveLength(1));
    const running = shared.of({ token: "Slow", component: Slow, props: {} });
    await counter("b").set(1);
    const second = shared.of({ token: "Slow", component: Slow, props: {} });
    expect(second).not.toBe(running);
    goOn[0]!();
    expect(await first).toBe(running);
  });

  it("tells each who shows it what it has read", async () => {
    function Both(): ReactElement {
      return (
        <>
          <Value name="a" />
          <Suspense>
            <Value name="b" />
          </Suspense>
        </>
      );
    }
    const reads = new RenderReads("a-render");
    (await runOf(Both)).tell(reads);
    expect([...reads.keys.get(backend.id)!].toSorted()).toEqual(["t:a", "t:b"]);
  });

  it("gives React the same as the components themselves: keys, lists, places and what Suspense waits with", async () => {
    function Item({ id }: { id: number }): ReactNode {
      return id === 1 ? <li>one</li> : [<li key="a">{id}</li>, <Value key="b" name="a" />];
    }
    function Frame({ children, foot }: { children: ReactNode; foot: ReactNode }): ReactElement {
      return (
        <div>
          {children}
          <Suspense fallback={<Item id={1} />}>{foot}</Suspense>
        </div>
      );
    }
    function Page(): ReactElement {
      const ids = useMemo(() => [1, 2, 3], []);
      return (
        <Frame foot={<Item id={9} />}>
          {ids.map((id) => (
            <Item key={id} id={id} />
          ))}
          {null}
          {"text"}
        </Frame>
      );
    }
    const own = placesIn(await textOf(<Page />));
    expect(own).toContain('"li","1",{"children":"one"');
    expect(placesIn(await textOf((await runOf(Page)).node))).toEqual(own);
  });

  it("waits for promises and for what is below them, and runs nothing when it is shown", async () => {
    async function Late({ name }: { name: string }): Promise<ReactElement> {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return name === "end" ? <Value name="a" /> : <Late name="end" />;
    }
    function Page({ params }: { params: Promise<{ name: string }> }): ReactElement {
      const other = use(new Promise<number>((resolve) => setTimeout(resolve, 5, 7)));
      return (
        <>
          {other}
          <Late name={use(params).name} />
        </>
      );
    }
    const run = await runOf(Page, { params: Promise.resolve({ name: "start" }) });
    const before = ran.length;
    expect(await textOf(run.node)).toMatch(/7.*"children":0/s);
    expect([run.state, before, ran.length]).toEqual(["done", 1, 1]);
  });

  it("runs what a component was given only where it is shown", async () => {
    const Hide = ({ children }: { children: ReactNode }): ReactElement => <p>{children ? "hidden" : "none"}</p>;
    function Page(): ReactElement {
      return (
        <Hide>
          <Value name="a" />
        </Hide>
      );
    }
    expect([(await runOf(Page)).state, ran]).toEqual(["done", []]);
  });
});

describe("what is not for all", () => {
  it.each<[string, (props: object) => ReactNode | Promise<ReactNode>]>([
    [
      "throws",
      () => {
        throw new Error("of the component");
      },
    ],
    [
      "rejects",
      async () => {
        throw new Error("of the component");
      },
    ],
    ["throws below", () => <Throwing />],
    [
      "throws below, late and in two places",
      () => [<LateThrowing key="1" />, <LateThrowing key="2" />, <Throwing key="3" />],
    ],
    ["uses a hook that needs a render", () => <p>{useId()}</p>],
    ["waits for what is rejected", () => <p>{use(Promise.reject(new Error("of a promise")))}</p>],
  ])("fails where it %s, and may be tried again", async (_, component) => {
    expect((await runOf(component)).state).toBe("failed");
    await counter("a").set(1);
    expect(shared.of({ token: component.name, component: component as FragmentComponent, props: {} })).toBeDefined();
  });

  it("is found where it asks Kawa who acts, also when the answer is caught, late and below; and is never tried again", async () => {
    async function Below(): Promise<ReactElement> {
      await Promise.resolve();
      await resolveContext(undefined, () => ({ userId: "ann" })).catch(() => undefined);
      return <p>ann</p>;
    }
    const Page = (): ReactElement => <Below />;
    expect((await runOf(Page)).state).toBe("private");
    expect(shared.of({ token: "Page", component: Page, props: {} })).toBeUndefined();
  });

  it("is what the app says is not", () => {
    const Own = (): ReactElement => <p>own</p>;
    reactive(Own, { id: "own", shared: false });
    expect(shared.of({ token: "Own", component: Own, props: {} })).toBeUndefined();
  });

  it("is found where hooks decide what each may read", async () => {
    Object.defineProperty(backend, "isGuarded", { value: true });
    expect((await runOf(Value, { name: "a" })).state).toBe("private");
  });

  it("is not what React keeps for one request", async () => {
    const visitors = ["ann", "nobody"];
    const visitorOf = cache(() => visitors.shift());
    const runs: SharedRun[] = [];
    const Shared = (): ReactElement => <output>{visitorOf()}</output>;
    const Page = (): ReactElement => {
      const shown = visitorOf();
      runs.push(shared.of({ token: "Shared", component: Shared, props: {} })!);
      return <b>{shown}</b>;
    };
    expect(await textOf(<Page />)).toContain('"ann"');
    const [run] = runs;
    await run!.settled;
    expect(await textOf(run!.node)).toContain('"nobody"');
  });
});

function Throwing(): ReactElement {
  throw new Error("of a component below");
}

async function LateThrowing(): Promise<ReactElement> {
  await new Promise((resolve) => setTimeout(resolve, 1));
  throw new Error("of a late component");
}
