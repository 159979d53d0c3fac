import { createRequire } from "node:module";
import { type ReactElement, type ReactNode, Suspense } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Backend, registerBackend, unregisterBackend } from "../../src/core/backend/backend.ts";
import { KawaError } from "../../src/core/errors/errors.ts";
import { createMemoryBackend } from "../../src/core/memory/memory-backend.ts";
import { computed, namespace, read, type Signal, useReactive } from "../../src/index.react-server.ts";
import { reactive } from "../../src/next/fragments/reactive.tsx";
import { LivePage, LiveUpdates } from "../../src/next/live-updates.tsx";
import {
  cachedRead,
  CachedReads,
  keepCachedReads,
  readTag,
  whenNothingOlderRuns,
} from "../../src/react/render/cached-reads.ts";
import { requestChecks } from "../../src/react/checks/request-checks.ts";
import type { RenderReads } from "../../src/react/render/render-reads.ts";
import type { RequestScope } from "../../src/react/render/render-scope.ts";
import { requestScope } from "../../src/react/render/request-scope.ts";
import { shareSecret } from "../../src/rivetkit/secret/shared-secret.ts";
import { renderServer } from "./flight.ts";
import { inNext, type NextUnitStore } from "../support/next-stores.ts";

vi.mock("next/server", () => ({ connection: async () => {}, after: () => {} }));
vi.mock("next/headers", () => ({
  headers: async () => new Headers({ "x-kawa-render": "render-number-1", accept: "text/html" }),
}));
vi.mock("../../src/next/fragments/client/live-fragment.tsx", () => ({ LiveFragment: () => null }));
vi.mock("../../src/next/refresh/live-values.tsx", () => ({
  LiveValues: ({ render }: { render: Promise<string> }) => render,
}));
vi.mock("../../src/next/refresh/live-marker.tsx", () => ({ LiveMarker: () => null }));
vi.mock("../../src/next/refresh/live-refresh.tsx", () => ({ LiveRefresh: () => null }));

const load = createRequire(import.meta.url);
const { renderToReadableStream } = load("next/dist/compiled/react-server-dom-webpack/server.node") as {
  renderToReadableStream(
    model: unknown,
    clients: object,
    options: { onError(error: unknown): void },
  ): ReadableStream<Uint8Array>;
};
const { createFromReadableStream } = load("next/dist/compiled/react-server-dom-webpack/client.node") as {
  createFromReadableStream(stream: ReadableStream<Uint8Array>, options: object): Promise<ReactNode>;
};

let count = 0;
let backend: Backend;
let score: Signal<number>;
let errors: unknown[];

beforeEach(() => {
  count += 1;
  errors = [];
  shareSecret("a secret of the test");
  backend = createMemoryBackend(`cached-${count}`);
  registerBackend(backend, { global: true });
  score = namespace("t", { backend }).signal("score", 0);
});

afterEach(() => unregisterBackend(backend));

type Kept = { readonly payload: ReadableStream<Uint8Array>; readonly unit: NextUnitStore };

/** As Next runs a function in `"use cache"`, for one request. */
function fill(work: object, model: unknown): Kept {
  const unit: NextUnitStore = { type: "cache", tags: null };
  const payload = inNext(work, unit, () =>
    renderToReadableStream(model, {}, { onError: (error) => void errors.push(error) }),
  );
  return { payload, unit };
}

/** Next has React run the function, as it does with components. */
function lazily<T>(run: () => Promise<T>): PromiseLike<T> {
  // oxlint-disable-next-line unicorn/no-thenable -- as Next does it
  return { then: (onValue, onError) => (async () => run())().then(onValue, onError) };
}

/** What is kept, once it is complete. */
async function keep(kept: Kept): Promise<Kept & { readonly text: string; again(): ReadableStream<Uint8Array> }> {
  const text = await new Response(kept.payload).text();
  return { ...kept, text, again: () => new Response(text).body! };
}

/** As Next shows what is kept. */
function shown(payload: ReadableStream<Uint8Array>): Promise<ReactNode> {
  return createFromReadableStream(payload, {
    serverConsumerManifest: { moduleLoading: null, moduleMap: null, serverModuleMap: null },
  });
}

type Rendered = { readonly text: string; readonly scope: RequestScope };

async function renderPage(work: object, content: () => ReactNode | Promise<ReactNode>): Promise<Rendered> {
  let scope: RequestScope | undefined;
  function Page(): ReactNode | Promise<ReactNode> {
    scope = requestScope();
    return content();
  }
  const rendered = await inNext(work, { type: "request" }, () => renderServer(<Page />));
  errors.push(...rendered.errors);
  return { text: rendered.text, scope: scope! };
}

function Score(): ReactElement {
  return <output>{useReactive(score)}</output>;
}

const keysOf = ({ scope }: Rendered): string[] => [...(scope.reads?.keys.get(backend.id) ?? [])];
const markers = (text: string): number => text.split("kawa-cached").length - 1;

describe('a function in "use cache"', () => {
  it.each([
    ["a component that waits", async (): Promise<ReactNode> => <output>{await read(score)}</output>],
    ["a component with a hook", (): ReactNode => <Score />],
    ["a computed value", async (): Promise<ReactNode> => <output>{await read(computed(() => score.value))}</output>],
    [
      "a late part",
      (): ReactNode => (
        <Suspense fallback={null}>
          <Score />
        </Suspense>
      ),
    ],
  ])("has its reads in what Next keeps, and browsers keep nothing of it: %s", async (_, Content) => {
    await score.set(7);
    const { text, unit } = await keep(fill({}, <Content />));
    expect(text).toContain("7");
    expect(markers(text)).toBe(1);
    expect(unit.explicitStale).toBe(0);
    expect(unit.tags).toHaveLength(1);
    expect(readTag(unit.tags![0]!)!.all).toEqual([
      { backendId: backend.id, epoch: backend.version.epoch, key: "t:score", seq: 1 },
    ]);
    expect(errors).toEqual([]);
  });

  it("that gives data is as one that gives content", async () => {
    await score.set(7);
    const kept = await keep(
      fill(
        {},
        lazily(async () => ({ points: await read(score) })),
      ),
    );
    expect(kept.text).toContain('{"points":7}');
    expect(kept.unit.tags).toHaveLength(1);
  });

  it("that reads nothing is as without Kawa", async () => {
    const { text, unit } = await keep(fill({}, <output>1</output>));
    expect([markers(text), unit]).toEqual([0, { type: "cache", tags: null }]);
  });

  it("sees what the page sees that has called it, whatever is written meanwhile", async () => {
    await score.set(1);
    const work = {};
    let kept: Kept | undefined;
    const page = await renderPage(work, async () => {
      const before = await read(score);
      await score.set(2);
      kept = fill(
        work,
        lazily(() => read(score)),
      );
      return `${before} and ${String(await shown(kept.payload))}`;
    });
    expect(page.text).toContain("1 and 1");
    expect(page.scope.reads!.isOlder).toBe(false);
  });

  it("refuses what hooks decide about, and what belongs to one render", async () => {
    const Fragment = reactive(
      function Fragment(): ReactElement {
        return <Score />;
      },
      { id: `cached-${count}` },
    );
    vi.spyOn(backend, "isGuarded", "get").mockReturnValue(true);
    await keep(
      fill(
        {},
        lazily(() => read(score)),
      ),
    );
    vi.restoreAllMocks();
    for (const part of [<Fragment key="1" />, <LivePage key="2" />, <LiveUpdates key="3">1</LiveUpdates>])
      await keep(fill({}, part));
    await keep(
      fill(
        {},
        lazily(() => read(0, () => {}, [])),
      ),
    );
    expect(errors.slice(0, 1)).toMatchObject([{ code: "CACHE_PRIVATE", data: { key: "t:score" } }]);
    expect(new Set(errors.slice(1).map((error) => (error as { code: string }).code))).toEqual(
      new Set(["RENDER_STATIC"]),
    );
    expect(errors.length).toBeGreaterThanOrEqual(5);
  });
});

describe("a page that shows something cached", () => {
  it("depends on what that was made of, also when it is shown again, and tells nobody how", async () => {
    await score.set(7);
    const kept = await keep(fill({}, <Score />));
    for (let n = 0; n < 2; n += 1) {
      const page = await renderPage({}, () => shown(kept.again()));
      expect(page.text).toContain("7");
      expect(keysOf(page)).toEqual(["t:score"]);
      expect(page.scope.versions.get(backend.id)).toEqual(backend.version);
      expect(page.scope.reads!.isOlder).toBe(false);
      expect(markers(page.text)).toBe(0);
      expect(page.text).not.toContain("t:score");
    }
  });

  it("depends on it where another request makes it at this moment, part by part", async () => {
    await score.set(7);
    const late = namespace("t", { backend }).signal("late", 0);
    let onLate = (): void => {};
    const isLate = new Promise<void>((resolve) => (onLate = resolve));
    async function Late(): Promise<ReactElement> {
      await isLate;
      return <i>{await read(late)}</i>;
    }
    const kept = fill({}, [
      <Score key="1" />,
      <Suspense key="2" fallback={null}>
        <Late />
      </Suspense>,
    ]);
    const [one, other] = kept.payload.tee();
    const pages = [renderPage({}, () => shown(one)), renderPage({}, () => shown(other))];
    onLate();
    for (const page of await Promise.all(pages)) expect(keysOf(page).sort()).toEqual(["t:late", "t:score"]);
  });

  it("has it in the reads of the fragment that shows it, and not in its own", async () => {
    await score.set(7);
    const kept = await keep(fill({}, <Score />));
    let reads: RenderReads | undefined;
    const Fragment = reactive(
      async function Fragment(): Promise<ReactNode> {
        const content = await shown(kept.again());
        reads = requestScope().readsHere;
        return content;
      },
      { id: `shows-cached-${count}` },
    );
    const page = await renderPage({}, () => <Fragment />);
    expect(errors).toEqual([]);
    expect(keysOf(page)).toEqual([]);
    expect(reads!.has(backend.id, "t:score")).toBe(true);
  });

  it("says that it shows less, where what it shows is older", async () => {
    await score.set(1);
    const kept = await keep(fill({}, <Score />));
    await score.set(2);
    await score.set(3);
    const onOlder = vi.fn<(backendId: string) => void>();
    const page = await renderPage({}, async () => {
      await requestScope().markDynamic();
      requestScope().reads!.follow({ onOlder });
      return shown(kept.again());
    });
    expect(page.scope.reads!.isOlder).toBe(true);
    expect(page.scope.versions.get(backend.id)!.seq).toBe(backend.version.seq - 1);
    expect(onOlder.mock.calls).toEqual([[backend.id]]);
  });

  it("says so of everything, where nobody knows any more what it was made of", async () => {
    const page = await renderPage({}, () => shown(new Response(`:HD"#kawa-cached:gone"\n0:"text"\n`).body!));
    expect(page.text).toContain("text");
    expect(page.scope.reads!.isOlder).toBe(true);
  });

  it("is refused where the request is, before anything of it is shown", async () => {
    await score.set(987_654_321);
    const kept = await keep(fill({}, <Score />));
    const check = vi.fn<(request: { readonly headers: Headers }) => void>(() => {
      throw new KawaError("HOST_REFUSED", "A strange host.");
    });
    requestChecks.set("test", check);
    try {
      const headers = new Headers({ host: "strange" });
      const page = inNext({}, { type: "request", headers }, () =>
        renderServer(lazily(() => shown(kept.again())) as unknown as ReactNode),
      );
      const {
        text,
        errors: [error],
      } = await page;
      expect(error).toMatchObject({ code: "HOST_REFUSED" });
      expect(text).not.toContain("987654321");
      expect(check).toHaveBeenCalledWith({ headers });
    } finally {
      requestChecks.delete("test");
    }
  });

  it("depends on what something cached in something cached was made of", async () => {
    await score.set(7);
    const inner = await keep(fill({}, <Score />));
    const work = {};
    async function Outer(): Promise<ReactNode> {
      return <section>{await shown(inner.again())}</section>;
    }
    const outer = await keep(fill(work, <Outer />));
    expect(outer.unit.explicitStale).toBe(0);
    expect(readTag(outer.unit.tags!.at(-1)!)!.all.map(({ key }) => key)).toEqual(["t:score"]);
    expect(keysOf(await renderPage({}, () => shown(outer.again())))).toEqual(["t:score"]);
  });

  it.each(["unstable-cache", "prerender-legacy"])(
    "is refused where Next keeps that without asking: %s",
    async (type) => {
      await score.set(7);
      const kept = await keep(fill({}, <Score />));
      await expect(inNext({}, { type }, () => shown(kept.again()))).rejects.toMatchObject({ code: "RENDER_STATIC" });
    },
  );
});

describe("a render that is going to tell its versions", () => {
  it("waits for what was begun before a change, and for nothing else", async () => {
    const [older, current] = [new CachedReads(), new CachedReads()];
    for (const cached of [older, current]) keepCachedReads(cached);
    await score.set(1);
    await backend.load(["t:score", "t:other"]);
    older.add(cachedRead(backend, "t:score", backend.entry("t:score").peek()));
    current.add(cachedRead(backend, "t:other", backend.entry("t:other").peek()));
    await whenNothingOlderRuns();
    await score.set(2);
    const onTold = vi.fn<() => void>();
    const told = whenNothingOlderRuns().then(onTold);
    for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
    expect(onTold).not.toHaveBeenCalled();
    older.finish();
    await told;
    await whenNothingOlderRuns();
  });
});

describe("the tag of something cached", () => {
  it("tells the same in a process that knows nothing of it", () => {
    const cached = new CachedReads("some-render-id-1");
    for (const [key, seq] of [
      ["a", 1],
      ["b:c", 0],
      ["a", 2],
    ] as const)
      cached.add({ backendId: "one/x", epoch: "e", key, seq });
    cached.add({ backendId: "two/x", epoch: "f", key: "a", seq: 5 });
    const again = readTag(cached.toTag())!;
    expect(again).not.toBe(cached);
    expect([again.id, again.all]).toEqual([cached.id, cached.all]);
    expect(cached.all).toHaveLength(3);
    expect(readTag(cached.toTag())).toBe(again);
  });

  it.each(["posts", "kawa:", "kawa:mine", "kawa:mine:{", "kawa:mine:[]"])(
    "is told from those of the app: %s",
    (tag) => {
      expect(readTag(tag)?.all ?? []).toEqual([]);
    },
  );
});
