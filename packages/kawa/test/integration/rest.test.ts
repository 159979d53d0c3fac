import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setup } from "rivetkit";
import { afterAll, expect, it, vi } from "vitest";
import { namespace } from "../../src/index.ts";
import { host } from "../../src/rivetkit/host/host.ts";
import { createReactiveStateActor, initReactiveBackend } from "../../src/rivetkit/index.ts";
import type { RivetBackend } from "../../src/rivetkit/replica/rivet-backend.ts";
import { hostedServices } from "../../src/rivetkit/wire/hosted-services.ts";

const dataDir = mkdtempSync(join(tmpdir(), "kawa-rest-"));
process.env["KAWA_DATA_DIR"] = dataDir;
delete process.env["RIVET_ENDPOINT"];

const registry = setup({ use: { reactiveState: createReactiveStateActor({}, { sleepTimeoutMs: 500 }) } });

afterAll(async () => {
  await host().stop();
  rmSync(dataDir, { recursive: true, force: true });
});

function backendOf(customer: string): RivetBackend {
  return initReactiveBackend({ registry, actorId: customer, global: false }) as RivetBackend;
}

it("an actor whose values nobody follows leaves the memory although its server lives, and comes back with them", async () => {
  const signals = ["ada", "grace"].map((customer) =>
    namespace("app", { backend: backendOf(customer) }).signal("visits", 0),
  );
  for (const [index, visits] of signals.entries()) await visits.set(index + 1);
  expect(hostedServices.size).toBe(2);
  const followed = vi.fn<(value: number) => void>();
  const stop = signals[1]!.subscribe(followed);

  for (let n = 0; n < 2; n += 1) for (const id of ["ada", "grace"]) backendOf(id).rest.look(`reactiveState/${id}`);

  await vi.waitFor(() => expect(hostedServices.size).toBe(1), { timeout: 60_000, interval: 100 });
  expect([backendOf("ada").status, backendOf("grace").status]).toEqual(["idle", "connected"]);
  expect(await signals[0]!.get()).toBe(1);
  await signals[0]!.update((count) => count + 10);
  expect(await signals[0]!.get()).toBe(11);
  expect(hostedServices.size).toBe(2);
  stop();
});
