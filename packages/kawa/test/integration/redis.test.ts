import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setup } from "rivetkit";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import type { Backend } from "../../src/core/backend/backend.ts";
import { host } from "../../src/rivetkit/host/host.ts";
import { createReactiveStateActor, initReactiveBackend } from "../../src/rivetkit/index.ts";
import { redisStorage } from "../../src/rivetkit/storage/index.ts";
import { describeBackendContract } from "../contract/backend-contract.ts";
import { removeRedisKeys } from "../support/redis.ts";
import { redisUrl } from "../support/services.ts";
import { waitUntil } from "./support/processes.ts";

const url = await redisUrl();
const prefix = `kawa-test:${randomUUID()}:`;
const dataDir = mkdtempSync(join(tmpdir(), "kawa-redis-"));
process.env["KAWA_DATA_DIR"] = dataDir;
delete process.env["RIVET_ENDPOINT"];

afterAll(async () => {
  await host().stop();
  rmSync(dataDir, { recursive: true, force: true });
  if (url) await removeRedisKeys(url, prefix);
});

describe.skipIf(!url)("an actor that keeps its signals in Redis", () => {
  const storage = redisStorage({ url: url ?? "redis://127.0.0.1", prefix });
  const registry = setup({ use: { inRedis: createReactiveStateActor(undefined, { storage }) } });
  let actorCount = 0;

  const createBackend = (): Backend => {
    actorCount += 1;
    return initReactiveBackend({ registry, actorName: "inRedis", actorId: `redis-${actorCount}`, global: false });
  };

  const read = async (backend: Backend, key: string): Promise<unknown> => {
    await backend.load([key]);
    const entry = backend.entry(key).peek();
    return entry.state === "present" ? entry.value : undefined;
  };

  describeBackendContract("initReactiveBackend over Redis", createBackend);

  it("goes on where another incarnation, which has ended, had taken its signals", async () => {
    const backend = createBackend();
    onTestFinished(() => backend.close());
    await backend.set("a", 1);
    const other = await storage.open(`inRedis/redis-${actorCount}`);
    await other.close();
    await waitUntil(
      () =>
        backend.set("a", 2).then(
          () => true,
          () => false,
        ),
      { timeoutMs: 60_000, what: "the actor to wake again" },
    );
    expect(await read(backend, "a")).toBe(2);
  });

  it("has its values also when the engine has lost everything", async () => {
    const before = createBackend();
    await before.set("a", "kept");
    await host().stop();
    rmSync(dataDir, { recursive: true, force: true });

    actorCount -= 1;
    const after = createBackend();
    onTestFinished(() => after.close());
    expect(await read(after, "a")).toBe("kept");
  });
});
