import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { FakeActor, fakeClient } from "../../../test/support/fake-actor.ts";
import { backendOf } from "../../../test/support/backend-of.ts";
import { turnsDuring } from "../../../test/support/turns-during.ts";
import { effect } from "../../core/effect.ts";
import { namespace } from "../../core/namespace.ts";
import type { AnyHooks } from "../hooks/hooks.ts";
import { hostedServices } from "../wire/hosted-services.ts";
import type { RivetBackend } from "./rivet-backend.ts";
import { shareSecret } from "../secret/shared-secret.ts";

let actor: FakeActor;

vi.mock("rivetkit/client", () => fakeClient(() => actor));
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

beforeEach(() => shareSecret("a secret of the test"));
afterEach(() => hostedServices.clear());

async function start(hooks: AnyHooks): Promise<RivetBackend> {
  actor = new FakeActor(hooks);
  // Its database is in memory: nothing waits for a socket or a file.
  const backend = await backendOf(actor, "beside the actor");
  await backend.load([]);
  return backend;
}

const pass = <P, R>(_: unknown, params: P, next: (params: P) => R): R => next(params);

const operations: [string, (backend: RivetBackend, n: number) => unknown][] = [
  ["set", (backend, n) => backend.set("k", n)],
  ["a set that is refused", (backend) => codeOf(() => backend.set("k", () => {}))],
  ["a set that its condition refuses", (backend) => codeOf(() => backend.set("k", 1, { expect: 1_000_000 }))],
  ["update", (backend, n) => backend.update("k", () => n)],
  ["delete", (backend) => backend.delete("k")],
  ["renew", (backend) => backend.renew("k")],
  ["clear", (backend) => backend.clear("k")],
  ["load", (backend) => backend.load(["k"])],
  ["get", async (backend) => (await backend.readerFor()).load(["k"])],
  ["keys", (backend) => backend.keys("k")],
  ["entries", (backend) => backend.entries("k")],
  ["snapshotFor", async (backend) => (await backend.snapshotFor()).release()],
  ["many sets at once", (backend) => Promise.all(Array.from({ length: 100 }, (_, n) => backend.set(`m:${n}`, n)))],
  [
    "members of a family, one after the other",
    async (backend) => {
      const member = namespace("m", { backend }).family((id: string) => ({ key: id, default: 0 }));
      for (let n = 0; n < 10; n += 1) await member(`${n}`).update((value) => value + 1);
    },
  ],
];

describe.each<[string, AnyHooks]>([
  ["no hooks", {}],
  ["hooks of writes", { setSignal: pass, deleteSignal: pass, clear: pass }],
  ["hooks of everything", { beforeAction: pass }],
])("with %s", (_, hooks) => {
  it.each(operations)("timers run during a loop of %s", async (__, operation) => {
    const backend = await start(hooks);
    const hasTurned = await turnsDuring(async (isOver) => {
      for (let n = 0; !isOver(); n += 1) await operation(backend, n);
    }, setTimeout);
    expect(hasTurned).toBe(true);
  });

  it("timers run while writes are started by those before them, and nobody awaits any", async () => {
    const backend = await start(hooks);
    let isOver = (): boolean => false;
    const again = (): void => {
      if (isOver()) return;
      backend.set("k", 1).catch(() => {});
      backend.set("l", 1).catch(() => {});
    };
    onTestFinished(backend.onChange(again));
    const hasTurned = await turnsDuring(async (over) => {
      isOver = over;
      again();
      while (!over()) await new Promise((resolve) => setTimeout(resolve, 1));
    }, setTimeout);
    expect(hasTurned).toBe(true);
  });

  it("effects that loop are stopped, and the process goes on", async () => {
    const backend = await start(hooks);
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => logged.mockRestore());
    const app = namespace("app", { backend });
    const [a, b, c, d] = ["a", "b", "c", "d"].map((key) => app.signal(key, 0)) as [
      ReturnType<typeof app.signal<number>>,
      ...ReturnType<typeof app.signal<number>>[],
    ];
    await Promise.all([a.get(), b!.get(), c!.get(), d!.get()]);
    onTestFinished(
      effect(function counts() {
        void a.set(a.value + 1);
      }),
    );
    onTestFinished(
      effect(function ping() {
        void c!.set(b!.value + 1);
      }),
    );
    onTestFinished(
      effect(function pong() {
        const next = c!.value + 1;
        void b!.update(() => next);
      }),
    );
    const loops = (): string =>
      logged.mock.calls
        .map((call) => String(call.at(-1)))
        .filter((text) => text.includes("EFFECT_LOOP"))
        .join("\n");
    await vi.waitFor(() => expect(loops()).toMatch(/effect counts[^]*ping|ping[^]*effect counts/), { timeout: 25_000 });
    onTestFinished(effect(() => void d!.set(a.value)));
    for (let n = 1; n <= 20; n += 1) await a.set(-n);
    await vi.waitFor(() => expect(d!.value).toBe(-20));
  });
});
