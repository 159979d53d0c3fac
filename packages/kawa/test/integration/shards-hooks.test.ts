import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setup } from "rivetkit";
import { createClient } from "rivetkit/client";
import { afterAll, expect, it } from "vitest";
import { namespace } from "../../src/index.ts";
import { host } from "../../src/rivetkit/host/host.ts";
import {
  actorKeyOf,
  createReactiveStateActor,
  initReactiveBackend,
  issueToken,
  rivetClientOptions,
  withContext,
} from "../../src/rivetkit/index.ts";
import { codeOf } from "../support/caught.ts";

const dataDir = mkdtempSync(join(tmpdir(), "kawa-shards-hooks-"));
process.env["KAWA_DATA_DIR"] = dataDir;
delete process.env["RIVET_ENDPOINT"];

type Calls = Record<string, (...args: unknown[]) => Promise<unknown>>;
type Clients = Record<string, { getOrCreate(key: readonly string[], options?: { params: unknown }): Calls }>;

/** Everybody reads and writes what begins with their own name. */
const ownOnly = (params: { key: string; userId?: string }): void => {
  if (!params.key.startsWith(`users:${params.userId}:`)) throw new Error("Not yours.");
};
const registry = setup({
  use: {
    own: createReactiveStateActor<{ userId?: string }>({
      getSignal: async (_, params, next) => {
        ownOnly(params);
        return next(params);
      },
      setSignal: async (_, params, next) => {
        ownOnly(params);
        return next(params);
      },
    }),
  },
});
const backend = initReactiveBackend({ registry, actorName: "own", shards: 4 });
const other = initReactiveBackend({ registry, actorName: "own", actorId: "other", global: false });
const names = namespace("users").family((id: string) => ({ key: `${id}:name`, default: "" }));
/** A user of another shard than Ada. */
const bob = Array.from({ length: 20 }, (_, n) => `bob${n}`).find(
  (id) => actorKeyOf(names(id))[0] !== actorKeyOf(names("ada"))[0],
)!;
const as = <T>(userId: string, fn: () => T): T => withContext({ userId }, fn);

afterAll(async () => {
  await host().stop();
  rmSync(dataDir, { recursive: true, force: true });
});

it("hooks of each shard decide who reads and writes its keys", { timeout: 60_000 }, async () => {
  for (const id of ["ada", bob]) await as(id, () => names(id).set(`I am ${id}`));
  expect(await as("ada", () => names("ada").get())).toBe("I am ada");
  expect(await as(bob, () => names(bob).get())).toBe(`I am ${bob}`);
  expect(await codeOf(() => as("ada", () => names(bob).set("Eve")))).toBe("ACTION_REFUSED");
  expect(await codeOf(() => as("ada", () => names(bob).get()))).toBe("ACTION_REFUSED");
});

it("a RivetKit client reaches the shard of a key, with a token for the backend", { timeout: 60_000 }, async () => {
  const clients = createClient(await rivetClientOptions()) as unknown as Clients;
  const token = await issueToken({ userId: "ada" });
  const at = (key: readonly string[], given: string): Calls =>
    clients["own"]!.getOrCreate(key, { params: { token: given } });
  const home = actorKeyOf(names("ada"));
  await at(home, token)["setSignal"]!("users:ada:name", "Ada");
  expect(await as("ada", () => names("ada").get())).toBe("Ada");

  // Nobody would find it there.
  expect(await codeOf(() => at(actorKeyOf(names(bob)), token)["setSignal"]!("users:ada:name", "lost"))).toBe(
    "KEY_INVALID",
  );
  expect(await codeOf(() => at(["global"], token)["setSignal"]!("users:ada:name", "lost"))).toBe("SHARDS_MISMATCH");
  expect(await codeOf(() => at(["global"], token)["getSignal"]!("users:ada:name"))).toBe("SHARDS_MISMATCH");
  const ofOther = await issueToken({ userId: "ada" }, { backend: other });
  expect(await codeOf(() => at(home, ofOther)["setSignal"]!("users:ada:name", "Eve"))).toBe("UNAUTHORIZED");
  expect(await codeOf(() => at(["other"], token)["setSignal"]!("users:ada:name", "Eve"))).toBe("UNAUTHORIZED");
  const ofShard = await issueToken({ userId: "ada" }, { backend: backend.shardOf!("users:ada:name") });
  await at(home, ofShard)["setSignal"]!("users:ada:name", "Ada L.");
  expect(await as("ada", () => names("ada").get())).toBe("Ada L.");
});
