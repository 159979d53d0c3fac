import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished, type TestContext } from "vitest";
import { codeOf } from "../support/caught.ts";
import { makeDataDir } from "./support/app.ts";
import { adminToken, startOwnEngine } from "./support/own-engine.ts";
import { waitUntil } from "./support/processes.ts";
import { Script } from "./support/script.ts";
import type { Operations } from "./support/shards-process.ts";

const longMs = 240_000;
const command = join(import.meta.dirname, "../../src/cli/main.ts");

type Server = Script<Operations>;

type Env = Readonly<Record<string, string>>;

function startServer(dataDir: string, shards: number, engine: Env = {}): Server {
  const path = join(import.meta.dirname, "support/shards-process.ts");
  return new Script<Operations>(path, { dataDir, env: { SHARDS: String(shards), ...engine } });
}

async function startServers(
  { onTestFinished }: TestContext,
  shards: readonly number[],
): Promise<[string, ...Server[]]> {
  const dataDir = await makeDataDir({ onTestFinished });
  const servers: Server[] = [];
  for (const count of shards) {
    const server = startServer(dataDir, count);
    await server.call("start");
    servers.push(server);
  }
  return [dataDir, ...servers];
}

/** Runs `kawa reshard`. Returns what it prints. */
async function reshard(dataDir: string, shards: number, engine: Env = {}): Promise<string> {
  const env = { ...process.env, KAWA_DATA_DIR: dataDir, RIVET_ENDPOINT: "", ...engine };
  const options = { cwd: dataDir, env, timeout: 120_000 };
  const ran = promisify(execFile)(process.execPath, [command, "reshard", String(shards)], options);
  const { stdout } = await ran.catch((error: { message: string; stdout: string; stderr: string }) => {
    throw new Error(error.message + error.stdout + error.stderr);
  });
  return stdout;
}

const entities = Array.from({ length: 12 }, (_, n) => `users:${n}`);

const tenants = Array.from({ length: 12 }, (_, n) => `tenant${n}`);

describe("a backend of 4 shards, in two servers", { timeout: longMs }, () => {
  it("keeps each entity on one of them, and lists, members and sessions are those of the backend", async (context) => {
    const [, one, other] = await startServers(context, [4, 4]);
    await Promise.all(entities.map((entity) => one!.call("set", `${entity}:name`, entity)));
    await Promise.all(entities.map((entity) => other!.call("set", `${entity}:age`, 7)));
    const homes = await Promise.all(entities.map((entity) => one!.call("home", `${entity}:name`)));
    expect(new Set(homes).size).toBe(4);
    expect(await Promise.all(entities.map((entity) => other!.call("home", `${entity}:age`)))).toEqual(homes);
    expect([...(await one!.call("backendIds"))].sort()).toEqual(
      [0, 1, 2, 3].map((n) => `reactiveState/global#${n}of4`),
    );

    expect(await other!.call("get", "users:3:name")).toBe("users:3");
    const keys = entities.flatMap((entity) => [`${entity}:age`, `${entity}:name`]).sort();
    expect(await one!.call("keys", "users:")).toEqual(keys);
    expect(await other!.call("keys", "users:3:")).toEqual(["users:3:age", "users:3:name"]);

    await one!.call("join", "kitchen", "ada");
    await other!.call("join", "kitchen", "bob");
    expect(await other!.call("membersOf", "kitchen")).toEqual(["ada", "bob"]);
    await one!.call("revoke", "session-1");
    expect(await other!.call("isRevoked", "session-1")).toBe(true);
  });
});

describe("collections on 4 shards, in two servers", { timeout: longMs }, () => {
  it("live whole on one of them each, and are read by the other server", async (context) => {
    const [, one, other] = await startServers(context, [4, 4]);
    await Promise.all(tenants.map((tenant, n) => one!.call("insertRows", tenant, n + 1)));
    expect(await Promise.all(tenants.map((tenant) => other!.call("rowsOf", tenant)))).toEqual(
      tenants.map((_, n) => ({ ids: Array.from({ length: n + 1 }, (_, at) => `r${n - at}`), count: n + 1 })),
    );
    const homes = await Promise.all(tenants.map((tenant) => one!.call("home", `${tenant}:todos:r0`)));
    expect(new Set(homes).size).toBe(4);
    expect(await one!.call("keys", "")).toEqual([]);
  });
});

describe("the number of shards", { timeout: longMs }, () => {
  it("is stored: a server with another one is refused, and told both and the command", async (context) => {
    const [dataDir, four] = await startServers(context, [4]);
    await four!.call("set", "users:ada:name", "Ada");
    for (const shards of [1, 3]) {
      const other = startServer(dataDir, shards);
      const failed = await other.call("start").then(
        () => "started",
        ({ code, message }: { code: string; message: string }) => `${code} ${message}`,
      );
      expect(failed).toContain("SHARDS_MISMATCH");
      expect(failed).toContain("4 shards");
      expect(failed).toContain(`kawa reshard ${shards}`);
      expect(await codeOf(() => other.call("set", "users:ada:name", "Eve"))).toBe("SHARDS_MISMATCH");
    }
    expect(await four!.call("get", "users:ada:name")).toBe("Ada");
  });

  it("is 1 where values were stored without one", async (context) => {
    const [dataDir, one] = await startServers(context, [1]);
    await one!.call("set", "app:counter", 1);
    expect(await codeOf(() => startServer(dataDir, 4).call("start"))).toBe("SHARDS_MISMATCH");
    await one!.call("set", "app:counter", 2);
    expect(await one!.call("get", "app:counter")).toBe(2);
  });
});

describe("kawa reshard", { timeout: longMs }, () => {
  it.each([
    [1, 3],
    [3, 1],
    [2, 4],
  ])(
    "copies %d to %d while servers write: nothing acknowledged is lost, and nothing applied twice",
    async (from, to) => {
      const context: Pick<TestContext, "onTestFinished"> = { onTestFinished };
      const [dataDir, one, other] = await startServers(context as TestContext, [from, from]);
      const rows = Array.from({ length: 300 }, (_, n) => `rows:${n}:value`);
      await Promise.all(rows.map((key) => one!.call("set", key, key)));
      await one!.call("delete", rows[7]!);
      for (const id of ["b", "a", "c"]) await one!.call("join", "hall", id);
      await one!.call("revoke", "session-1");
      await Promise.all(tenants.slice(0, 6).map((tenant) => one!.call("insertRows", tenant, 20)));
      const lists = Array.from({ length: 8 }, (_, n) => `lists:${n}:ids`);
      await Promise.all([one, other].map((server, n) => server!.call("beginWriting", String(n), lists, 2, tenants)));
      const listLength = async (): Promise<number> =>
        ((await one!.call("get", lists[0]!)) as string[] | null)?.length ?? 0;
      await waitUntil(async () => (await listLength()) > 5, {
        timeoutMs: 20_000,
        what: "writes to be under way",
      });

      expect(await reshard(dataDir, to)).toContain("keys and 12 collections are in");
      const outcomes = (await Promise.all([one, other].map((server) => server!.call("endWriting")))).flat();
      const codes = new Set(outcomes.flatMap((outcome) => outcome.codes));
      expect([...codes]).toEqual(["SHARDS_MISMATCH"]);

      const next = startServer(dataDir, to);
      await next.call("start");
      const ofTenants = await Promise.all(tenants.map((tenant) => next.call("rowsOf", tenant)));
      const inserted = Array.from({ length: 20 }, (_, n) => `r${n}`);
      expect(ofTenants.map(({ count }) => count)).toEqual(ofTenants.map(({ ids }) => ids.length));
      const kept = ofTenants.map(({ ids }) => ids.filter((id) => inserted.includes(id)).length);
      expect(kept).toEqual(tenants.map((_, n) => (n < 6 ? 20 : 0)));
      const inLists = ((await Promise.all(lists.map((key) => next.call("get", key)))) as string[][]).flat();
      const stored = [...inLists, ...ofTenants.flatMap(({ ids }) => ids.filter((id) => !inserted.includes(id)))];
      const acknowledged = outcomes.flatMap((outcome) => outcome.acknowledged);
      const unconfirmed = new Set(outcomes.flatMap((outcome) => outcome.unconfirmed));
      expect(acknowledged.length).toBeGreaterThan(50);
      expect(new Set(stored).size).toBe(stored.length);
      expect(acknowledged.filter((id) => !stored.includes(id))).toEqual([]);
      expect(stored.filter((id) => !acknowledged.includes(id) && !unconfirmed.has(id))).toEqual([]);

      expect(await next.call("keys", "rows:")).toEqual(rows.filter((_, n) => n !== 7).sort());
      expect(await next.call("get", rows[9]!)).toBe(rows[9]);
      expect(await next.call("membersOf", "hall")).toEqual(["b", "a", "c"]);
      expect(await next.call("isRevoked", "session-1")).toBe(true);
      await next.call("set", rows[9]!, "new");
      expect(await codeOf(() => one!.call("set", rows[9]!, "old"))).toBe("SHARDS_MISMATCH");
      // Its pages say that they are stale.
      expect(await one!.call("isCut")).toBe(true);
      expect(await next.call("get", rows[9]!)).toBe("new");
    },
  );

  it.each(["fence", "count"] as const)(
    "that is killed at its %s does not hold up writes until somebody runs it again",
    async (at) => {
      const dataDir = await makeDataDir({ onTestFinished });
      const before = startServer(dataDir, 2);
      await before.call("start");
      await Promise.all(entities.map((entity) => before.call("set", `${entity}:name`, entity)));
      const copier = new Script(join(import.meta.dirname, "support/killed-copier.ts"), {
        dataDir,
        env: { FROM: "2", TO: "3", KILLED_AT: at },
      });
      expect([(await copier.ended).signal, copier.log]).toEqual(["SIGKILL", ""]);
      const writes = entities.map((entity) => codeOf(() => before.call("set", `${entity}:name`, "new")));
      const isMoved = at === "count";
      const done = async (): Promise<boolean> => {
        await before.call("passTime", 60_000);
        return before.log.includes(isMoved ? "has finished it" : "is given up");
      };
      await waitUntil(done, { timeoutMs: 30_000, what: "the server to end the copy" });
      expect(new Set(await Promise.all(writes))).toEqual(new Set([isMoved ? "SHARDS_MISMATCH" : undefined]));
      const next = isMoved ? startServer(dataDir, 3) : before;
      await next.call("start");
      const names = await Promise.all(entities.map((entity) => next.call("get", `${entity}:name`)));
      expect(names).toEqual(isMoved ? entities : entities.map(() => "new"));
    },
  );

  it("copies where the engine is elsewhere", async (context) => {
    const dataDir = await makeDataDir(context);
    const own = await startOwnEngine({ dataDir });
    const engine = { RIVET_ENDPOINT: own.endpoint, RIVET_TOKEN: adminToken, KAWA_SECRET: "the secret of all servers" };
    const before = startServer(dataDir, 2, engine);
    await before.call("start");
    await Promise.all(entities.map((entity) => before.call("set", `${entity}:name`, entity)));
    expect(await reshard(dataDir, 3, engine)).toContain("12 keys are in 3 shards now");
    expect(await reshard(dataDir, 3, engine)).toContain("in 3 shards already");
    const after = startServer(dataDir, 3, engine);
    await after.call("start");
    expect(await Promise.all(entities.map((entity) => after.call("get", `${entity}:name`)))).toEqual(entities);
    await Promise.all([before, after].map((server) => server.endBy("SIGKILL")));
    await own.endBy("SIGKILL");
  });

  it("says what is missing where no server runs", async (context) => {
    await expect(reshard(await makeDataDir(context), 4)).rejects.toThrow("No server of this app runs");
  });
});
