import { Suspense, type ReactElement, type ReactNode } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Backend, Snapshot } from "../../src/core/backend/backend.ts";
import { createMemoryBackend } from "../../src/core/memory/memory-backend.ts";
import {
  computed,
  memberIdsOf,
  membersOf,
  namespace,
  type Readable,
  type Signal,
  useReactive,
} from "../../src/index.react-server.ts";
import type { RequestScope } from "../../src/react/render/render-scope.ts";
import { renewSnapshots, requestScope } from "../../src/react/render/request-scope.ts";
import { outputsOf, renderServer } from "./flight.ts";

vi.mock("next/server", () => ({ connection: async () => {} }));
vi.mock("next/headers", () => ({ headers: async () => new Headers({ host: "app.test" }) }));

let backend: Backend;
let counter: Signal<number>;
let other: Signal<number>;
let sum: Readable<number>;
let scopes: RequestScope[];

beforeEach(async () => {
  backend = createMemoryBackend("snapshot-test");
  counter = namespace("t", { backend }).signal("counter", 0);
  other = namespace("t", { backend }).signal("other", 0);
  sum = computed(() => counter.value + other.value);
  scopes = [];
  await write(1);
});

async function write(value: number): Promise<void> {
  await Promise.all([counter.set(value), other.set(value)]);
}

function Value({ of }: { of: Readable<unknown> }): ReactElement {
  const value = useReactive(of);
  scopes.push(requestScope());
  return <output>{String(value)}</output>;
}

/** Renders its children after `before` has ended. */
async function After({
  before,
  children,
}: {
  before: () => Promise<void>;
  children: ReactNode;
}): Promise<ReactElement> {
  await before();
  return <>{children}</>;
}

const turn = (): Promise<void> => new Promise(setImmediate);

describe("one render", () => {
  it("shows one version of all signals and computed values, also in late parts, while writes land", async () => {
    const { version } = backend;
    const flight = await renderServer(
      <>
        <Value of={counter} />
        <After before={() => turn().then(() => write(2))}>
          <Value of={counter} />
          <Value of={sum} />
          <Suspense fallback={<output>waiting</output>}>
            <After before={() => turn().then(() => write(3))}>
              <Value of={other} />
              <After before={() => backend.clear("t:")}>
                <Value of={sum} />
                <Value of={counter} />
              </After>
            </After>
          </Suspense>
        </After>
      </>,
    );
    expect(flight.errors).toEqual([]);
    expect(
      outputsOf(flight)
        .filter((text) => text !== "waiting")
        .sort(),
    ).toEqual(["1", "1", "1", "1", "2", "2"]);
    expect(scopes[0]!.versions.get(backend.id)).toEqual(version);
    expect(outputsOf(await renderServer(<Value of={sum} />))).toEqual(["0"]);
  });

  it("lists the members of a group in its own version, with their values", async () => {
    const define = ({ room, id }: { room: string; id: string }) => ({ key: `${room}:${id}`, default: "" });
    const visitors = namespace("t", { backend }).family(define, { ttlMs: 600_000 });
    const text = computed(() => [...membersOf(visitors, { room: "kitchen" }).value].join(" "));
    await visitors({ room: "kitchen", id: "1" }).set("Ada");
    const change = async (): Promise<void> => {
      await turn();
      await visitors({ room: "kitchen", id: "2" }).set("Bob");
      await visitors({ room: "kitchen", id: "1" }).delete();
    };
    const flight = await renderServer(
      <>
        <Value of={counter} />
        <After before={change}>
          <Value of={text} />
          <Value of={memberIdsOf(visitors, { room: "kitchen" })} />
        </After>
      </>,
    );
    expect(outputsOf(flight).sort()).toEqual(["1", "1", "1,Ada"]);
    expect([...scopes[0]!.reads!.keys.get(backend.id)!].sort()).toEqual([
      "\0members:t:kitchen",
      "t:counter",
      "t:kitchen:1",
    ]);
    expect(outputsOf(await renderServer(<Value of={text} />))).toEqual(["2,Bob"]);
  });

  it("shows what is announced, also when that is noted before the first read", async () => {
    const noted = backend.version;
    const Noting = (): null => {
      requestScope().noteVersion(backend);
      return null;
    };
    const flight = await renderServer(
      <>
        <Noting />
        <After before={() => write(2)}>
          <Value of={counter} />
        </After>
      </>,
    );
    expect(outputsOf(flight)).toEqual(["1"]);
    expect(scopes[0]!.versions.get(backend.id)).toEqual(noted);
  });

  it("takes the shared result of a computed value unless what it reads has changed since", async () => {
    const compute = vi.fn<() => number>(() => counter.value * 10);
    const tenfold = computed(compute);
    expect(tenfold.value).toBe(10);
    compute.mockClear();
    await renderServer(
      <After before={turn}>
        <Value of={other} />
        <After before={() => other.set(5)}>
          <Value of={tenfold} />
        </After>
      </After>,
    );
    expect(compute).not.toHaveBeenCalled();
    const flight = await renderServer(
      <>
        <Value of={other} />
        <After before={() => turn().then(() => counter.set(5))}>
          <Value of={tenfold} />
        </After>
      </>,
    );
    expect(outputsOf(flight)).toEqual(["5", "10"]);
    expect(tenfold.value).toBe(50);
  });

  it("is apart from others that run at the same time", async () => {
    const page = (before: () => Promise<void>): ReactElement => (
      <>
        <Value of={counter} />
        <After before={before}>
          <Value of={sum} />
        </After>
      </>
    );
    const writing = renderServer(page(() => turn().then(() => write(2))));
    await turn();
    await turn();
    const later = renderServer(page(() => turn().then(() => write(3))));
    expect((await Promise.all([writing, later])).map(outputsOf)).toEqual([
      ["1", "2"],
      ["2", "4"],
    ]);
  });

  it("leaves get() and value outside of it live", async () => {
    const seen: unknown[] = [];
    const Live = async (): Promise<null> => {
      await write(2);
      seen.push(await counter.get(), counter.value, sum.value);
      return null;
    };
    await renderServer(
      <>
        <Value of={counter} />
        <After before={turn}>
          <Live />
        </After>
      </>,
    );
    expect(seen).toEqual([2, 2, 4]);
  });

  it("releases its snapshot when it is over, and also when it failed", async () => {
    const opened: { snapshot: Snapshot; release: ReturnType<typeof vi.spyOn> }[] = [];
    const open = backend.openSnapshot.bind(backend);
    backend.openSnapshot = () => {
      const snapshot = open()!;
      opened.push({ snapshot, release: vi.spyOn(snapshot, "release") });
      return snapshot;
    };
    const Failing = (): never => {
      throw new Error("own mistake");
    };
    await renderServer(
      <>
        <Value of={counter} />
        <After before={async () => expect(opened[0]!.release).not.toHaveBeenCalled()}>
          <Value of={other} />
        </After>
      </>,
    );
    const failed = await renderServer(
      <>
        <Value of={counter} />
        <After before={turn}>
          <Failing />
        </After>
      </>,
    );
    expect(failed.errors).toHaveLength(1);
    expect(opened.map(({ release }) => release.mock.calls.length)).toEqual([1, 1]);
  });
});

describe("renewSnapshots", () => {
  it("has what is read from then on come from the newest version, and announces that one", async () => {
    const first = backend.version;
    const versions: unknown[] = [];
    const renew = async (): Promise<void> => {
      await write(2);
      versions.push(requestScope().versions.get(backend.id));
      renewSnapshots();
    };
    const flight = await renderServer(
      <>
        <Value of={counter} />
        <After before={() => turn().then(renew)}>
          <Value of={sum} />
          <After before={() => turn().then(() => write(3))}>
            <Value of={counter} />
          </After>
        </After>
      </>,
    );
    expect(outputsOf(flight)).toEqual(["1", "4", "2"]);
    expect(versions).toEqual([first]);
    expect(scopes[0]!.versions.get(backend.id)!.seq).toBe(first.seq + 2);
  });
});
