import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { asNext } from "../../../test/support/next-stores.ts";
import { type Backend, registerBackend, unregisterBackend } from "../../core/backend/backend.ts";
import { computed, effect, membersOf, namespace, root } from "../../core/index.ts";
import { host } from "./host.ts";
import { issueToken } from "../actor/client-token.ts";
import { RivetBackend } from "../replica/rivet-backend.ts";

beforeEach(() => {
  vi.stubEnv("NEXT_PHASE", "phase-production-build");
  for (const name of ["fallback-backend", "reads"]) Reflect.deleteProperty(globalThis, Symbol.for(`kawa.${name}`));
});

afterEach(() => vi.unstubAllEnvs());

const inSitemap = <R>(fn: () => R): R =>
  asNext({ work: { page: "/sitemap.xml/route", route: "/sitemap.xml" }, unit: { type: "prerender-legacy" } }, fn);

/** Of an app whose files name a backend, and of one whose server names it when it starts. */
const backends: readonly (readonly [what: string, make: () => Backend | undefined])[] = [
  [
    "a backend over an actor",
    () =>
      new RivetBackend({
        actorName: "reactiveState",
        actorId: "global",
        getContext: () => ({ userId: "nobody asks" }),
      }),
  ],
  ["no backend", () => undefined],
];

describe.each(backends)("%s at build time", (_, make) => {
  function define() {
    const backend = make();
    if (backend) {
      registerBackend(backend, { global: true });
      onTestFinished(async () => {
        unregisterBackend(backend);
        await backend.close();
      });
    }
    const app = namespace("build");
    const count = app.signal("count", 0);
    const visitors = app.family((id: string) => ({ key: `visitors:${id}`, default: "" }), {
      expose: "write",
      ttlMs: 10_000,
    });
    return { app, count, doubled: computed(() => count.value * 2), visitors };
  }

  it("refuses whatever is asked at once, and starts nothing", async () => {
    const { app, count, doubled, visitors } = define();
    const start = vi.spyOn(host(), "start");
    const doors: Readonly<Record<string, () => unknown>> = {
      get: () => count.get(),
      value: () => count.value,
      peek: () => count.peek(),
      computed: () => doubled.value,
      members: () => membersOf(visitors).value,
      set: () => count.set(1),
      "set with a function": () => count.set((n) => n + 1),
      update: () => count.update((n) => n + 1),
      delete: () => count.delete(),
      keys: () => app.keys(),
      entries: () => app.entries(),
      clear: () => app.clear(),
      "keys of all": () => root.keys(),
      "in the name of somebody": () => count.get({ context: { userId: "ada" } }),
      "a snapshot": () => (count as unknown as { backend: Backend }).backend.snapshotFor(),
      "the backend itself": () => (count as unknown as { backend: Backend }).backend.load([]),
      renew: () => (count as unknown as { backend: Backend }).backend.renew("build:count"),
    };
    for (const [door, open] of Object.entries(doors)) {
      const error = await inSitemap(() => caught(open));
      expect({ door, error }).toMatchObject({
        error: { code: "RENDER_STATIC", message: expect.stringContaining('in "/sitemap.xml"') },
      });
    }
    expect(start).not.toHaveBeenCalled();
    start.mockRestore();
  });

  it("names what was asked for", async () => {
    const { app, count } = define();
    const messageOf = async (ask: () => unknown): Promise<string> =>
      ((await inSitemap(() => caught(ask))) as Error).message;
    expect(await messageOf(() => count.get())).toContain('"build:count" was read during next build');
    expect(await messageOf(() => count.set(1))).toContain('"build:count" was written during next build');
    expect(await messageOf(() => app.keys())).toContain('Keys of "build:" were listed during next build');
  });

  it("tells each reader of a computed value where it reads", async () => {
    const { doubled } = define();
    await inSitemap(() => caught(() => doubled.value));
    const inPage = await asNext({ work: { page: "/a/page", route: "/a" }, unit: { type: "prerender-legacy" } }, () =>
      caught(() => doubled.value),
    );
    expect((inPage as Error).message).toContain('in "/a"');
  });

  it("lets effects wait for later values, and a page sees no default that one has left", async () => {
    const { count, doubled } = define();
    const report = vi.spyOn(console, "error").mockReturnValue();
    const seen: number[] = [];
    inSitemap(() => effect(() => void seen.push(doubled.value + count.value)))();
    expect(seen).toEqual([0]);
    expect(await inSitemap(() => caught(() => doubled.value))).toMatchObject({ code: "RENDER_STATIC" });
    expect(report).not.toHaveBeenCalled();
    report.mockRestore();
  });
});

it("a token is issued to nobody at build time", async () => {
  expect(await inSitemap(() => caught(() => issueToken({ userId: "ada" }, { session: null })))).toMatchObject({
    code: "RENDER_STATIC",
    message: expect.stringContaining("A token was issued during next build"),
  });
});

it("the host of the actors starts for nobody at build time", async () => {
  expect(await caught(() => host().start())).toMatchObject({ code: "RENDER_STATIC" });
});
