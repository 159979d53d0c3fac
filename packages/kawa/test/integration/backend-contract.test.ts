import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import type { Backend, Entry } from "../../src/core/backend/backend.ts";
import { host } from "../../src/rivetkit/host/host.ts";
import { initReactiveBackend, reactiveRegistry } from "../../src/rivetkit/index.ts";
import { RivetBackend } from "../../src/rivetkit/replica/rivet-backend.ts";
import { describeBackendContract } from "../contract/backend-contract.ts";
import { describeCollections } from "../contract/collections.ts";

const dataDir = mkdtempSync(join(tmpdir(), "kawa-contract-"));
process.env["KAWA_DATA_DIR"] = dataDir;
delete process.env["RIVET_ENDPOINT"];

afterAll(async () => {
  await host().stop();
  rmSync(dataDir, { recursive: true, force: true });
});

let actorCount = 0;

function createBackend(): Backend {
  actorCount += 1;
  return initReactiveBackend({ registry: reactiveRegistry, actorId: `contract-${actorCount}`, global: false });
}

function createShards(): Backend {
  actorCount += 1;
  return initReactiveBackend({ registry: reactiveRegistry, actorId: `shards-${actorCount}`, global: false, shards: 4 });
}

describeBackendContract("initReactiveBackend on an embedded engine", createBackend);
describeCollections("initReactiveBackend on an embedded engine", createBackend);
describeBackendContract("initReactiveBackend with 4 shards on an embedded engine", createShards);

describe("two replicas of one actor on an embedded engine", () => {
  it("count 2 x 1,000 increments as 2,000", { timeout: 60_000 }, async () => {
    host().use(reactiveRegistry);
    const servers = [1, 2].map(() => new RivetBackend({ actorName: "reactiveState", actorId: "two-servers" }));
    onTestFinished(async () => void (await Promise.all(servers.map((server) => server.close()))));
    const increment = (entry: Entry): number => (entry.state === "present" ? (entry.value as number) : 0) + 1;
    await Promise.all(
      servers.flatMap((server) => Array.from({ length: 1_000 }, () => server.update("count", increment))),
    );
    await servers[0]!.load(["count"]);
    expect(servers[0]!.entry("count").peek()).toMatchObject({ state: "present", value: 2_000 });
  });
});
