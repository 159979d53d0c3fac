import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Backend, registerBackend, unregisterBackend } from "../../core/backend/backend.ts";
import { KawaError } from "../../core/errors/errors.ts";
import { createHealthRoute, createReadyRoute, type ReadyRouteOptions } from "./health-routes.ts";

const state = vi.hoisted(() => ({ progress: { name: "running" } as { name: string; code?: string }, isEnding: false }));

vi.mock("../../rivetkit/host/host.ts", () => ({ host: () => ({ progress: state.progress }) }));
vi.mock("../../rivetkit/host/stop-with-process.ts", () => ({
  isEnding: () => state.isEnding,
  stopWithProcess() {},
}));

beforeEach(() => Object.assign(state, { progress: { name: "running" }, isEnding: false }));
afterEach(() => void vi.useRealTimers());

type Fake = { id?: string; global?: boolean; status?: string; ageMs?: number | undefined };

let count = 0;

/** A backend that says this of itself. */
function register({ id = `ready-${(count += 1)}`, global = true, status = "connected", ageMs }: Fake): Fake {
  const fake: Fake = { id, status, ageMs };
  registerBackend(fake as Backend, { global });
  onTestFinished(() => unregisterBackend(fake as Backend));
  return fake;
}

async function ask(options?: ReadyRouteOptions): Promise<{ status: number; body: unknown; headers: Headers }> {
  const answer = createReadyRoute(options).GET(new Request("http://localhost/api/ready"));
  return { status: answer.status, body: await answer.json(), headers: answer.headers };
}

it("health says that the process answers, whatever else is", async () => {
  state.isEnding = true;
  const answer = createHealthRoute().GET(new Request("http://localhost/api/health"));
  expect([answer.status, await answer.json()]).toEqual([200, { status: "ok" }]);
  expect(answer.headers.get("cache-control")).toBe("no-store");
});

describe("a server", () => {
  it("is ready while what it shows is current, and says how old that is", async () => {
    register({ ageMs: 1_234.5 });
    const { status, body, headers } = await ask();
    expect([status, body]).toEqual([200, { status: "ready", ageMs: 1_235 }]);
    expect(Object.fromEntries(headers)).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    expect(headers.get("retry-after")).toBeNull();
  });

  it("is not ready before it has reached its actors", async () => {
    state.progress = { name: "starting" };
    expect(await ask()).toMatchObject({ status: 503, body: { reason: "STARTING", ageMs: null } });
    const backend = register({ status: "connecting", ageMs: Number.POSITIVE_INFINITY });
    state.progress = { name: "running" };
    const { status, body, headers } = await ask();
    expect([status, body]).toEqual([503, { status: "unready", reason: "STARTING", ageMs: null }]);
    expect([headers.get("retry-after"), headers.get("cache-control")]).toEqual(["1", "no-store"]);
    backend.ageMs = 0;
    expect((await ask()).status).toBe(200);
  });

  it("is not ready when its start has failed, and says the code alone", async () => {
    register({ status: "connecting", ageMs: Number.POSITIVE_INFINITY });
    state.progress = { name: "failed", code: "ENGINE_UNREACHABLE" };
    expect(await ask()).toMatchObject({
      status: 503,
      body: { status: "unready", reason: "START_FAILED", code: "ENGINE_UNREACHABLE", ageMs: null },
    });
    state.progress = { name: "failed" };
    expect((await ask()).body).toEqual({ status: "unready", reason: "START_FAILED", ageMs: null });
  });

  it("is not ready once it has not heard of its actors for longer than maxAgeMs", async () => {
    const backend = register({ status: "connecting", ageMs: 15_000 });
    expect((await ask()).status).toBe(200);
    backend.ageMs = 15_001;
    expect(await ask()).toMatchObject({ status: 503, body: { reason: "STALE", ageMs: 15_001 } });
    expect((await ask({ maxAgeMs: 20_000 })).status).toBe(200);
  });

  it("is not ready from the signal that ends it, though all is well", async () => {
    register({ ageMs: 0 });
    state.isEnding = true;
    expect(await ask()).toMatchObject({ status: 503, body: { reason: "STOPPING" } });
    state.isEnding = false;
    state.progress = { name: "stopping" };
    expect(await ask()).toMatchObject({ status: 503, body: { reason: "STOPPING" } });
  });

  it("with values in memory is ready", async () => {
    state.progress = { name: "stopped" };
    register({});
    expect((await ask()).body).toEqual({ status: "ready", ageMs: 0 });
  });

  it("without a global backend is ready while one of its backends is current, or none was asked for", async () => {
    expect((await ask()).body).toEqual({ status: "ready", ageMs: null });
    register({ global: false, status: "idle", ageMs: Number.POSITIVE_INFINITY });
    expect((await ask()).status).toBe(200);
    register({ global: false, ageMs: 90_000 });
    expect((await ask()).status).toBe(503);
    register({ global: false, ageMs: 2_000 });
    expect((await ask()).body).toEqual({ status: "ready", ageMs: 2_000 });
  });
});

it.each([0, -1, Number.NaN])("refuses maxAgeMs %d", (maxAgeMs) => {
  expect(() => createReadyRoute({ maxAgeMs })).toThrow(KawaError);
});
