import { setTimeout as sleep } from "node:timers/promises";
import { knownBackends } from "../../../src/core/backend/backend.ts";
import {
  type Collection,
  collection,
  isKawaError,
  memberIdsOf,
  namespace,
  root,
  type Signal,
} from "../../../src/index.ts";
import { revokedSessions } from "../../../src/rivetkit/identity/revoked-sessions.ts";
import { host } from "../../../src/rivetkit/host/host.ts";
import { initReactiveBackend, reactiveRegistry } from "../../../src/rivetkit/index.ts";
import { watchLeftCopies } from "../../../src/rivetkit/shards/left-copies.ts";
import { hostedServices } from "../../../src/rivetkit/wire/hosted-services.ts";
import { serveOperations } from "./serve-operations.ts";

/** A server of an app whose backend has `SHARDS` shards. */
const shards = Number(process.env["SHARDS"]);
/** A copy that was cut off counts as left after a minute, which no test waits for. */
let aheadMs = 0;
watchLeftCopies({ lookMs: 200, now: () => performance.now() + aheadMs });
const backend = initReactiveBackend({ registry: reactiveRegistry, ...(shards === 1 ? {} : { shards }) });
const visitors = namespace("visitors").family(
  (at: { room: string; id: string }) => ({ key: `${at.room}:${at.id}`, default: "" }),
  {
    // Much longer than a test: who is gone would be waited for.
    ttlMs: 3_600_000,
  },
);

type Row = { list: string; rank: number };

function todosOf(tenant: string): Collection<Row> {
  return collection<Row>(namespace(tenant), "todos", { indexes: { byList: ["list", "rank"] } });
}

/** Pause after each write of each writer, in milliseconds. */
const paceMs = 100;

/** What a writer was told of its writes. */
type Outcome = { acknowledged: string[]; unconfirmed: string[]; codes: string[] };

let isWriting = false;
let written: Promise<Outcome[]> = Promise.resolve([]);

function signalOf(key: string): Signal<unknown> {
  return root.signal<unknown>(key, null);
}

/** Inserts rows, and deletes every third one, until writing ends or the values have moved. */
async function writeRows(name: string, tenant: string): Promise<Outcome> {
  const outcome: Outcome = { acknowledged: [], unconfirmed: [], codes: [] };
  for (let n = 0; isWriting; n += 1) {
    const id = `${name}-${n}`;
    try {
      await todosOf(tenant).insert({ list: "home", rank: n }, { id });
      if (n % 3 === 0) await todosOf(tenant).delete(id);
      else outcome.acknowledged.push(id);
    } catch (error) {
      outcome.unconfirmed.push(id);
      outcome.codes.push(isKawaError(error) ? error.code : String(error));
      if (isKawaError(error, "SHARDS_MISMATCH")) break;
    }
    // No more than a query shows.
    await sleep(paceMs);
  }
  return outcome;
}

/** Adds to a list, each time something else, until writing ends or the values have moved. */
async function write(name: string, key: string): Promise<Outcome> {
  const outcome: Outcome = { acknowledged: [], unconfirmed: [], codes: [] };
  const list = root.signal<readonly string[]>(key, []);
  for (let n = 0; isWriting; n += 1) {
    const id = `${name}:${n}`;
    try {
      await list.update((ids) => [...ids, id]);
      outcome.acknowledged.push(id);
    } catch (error) {
      outcome.unconfirmed.push(id);
      outcome.codes.push(isKawaError(error) ? error.code : String(error));
      if (isKawaError(error, "SHARDS_MISMATCH")) break;
    }
    // Each update sends the whole list, which must not become long, and what is copied must be more than what comes, also on a slow machine.
    await sleep(paceMs);
  }
  return outcome;
}

const operations = {
  async start(): Promise<void> {
    await host().start();
    await backend.load([]);
  },
  async stop(): Promise<void> {
    await host().stop();
  },
  get: (key: string) => signalOf(key).get(),
  set: (key: string, value: unknown) => signalOf(key).set(value),
  delete: (key: string) => signalOf(key).delete(),
  keys: (prefix: string) => backend.keys(prefix),
  /** The shard of a key, by the id of its backend. */
  home: (key: string) => (backend.shardOf?.(key) ?? backend).id,
  join: (room: string, id: string) => visitors({ room, id }).set(id),
  async membersOf(room: string): Promise<readonly string[]> {
    const members = memberIdsOf(visitors, { room });
    await new Promise<void>((resolve, reject) => {
      const limit = setTimeout(() => reject(new Error(`Nobody is in "${room}".`)), 30_000);
      const stop = members.subscribe((ids) => {
        if (ids.length === 0) return;
        clearTimeout(limit);
        setImmediate(() => stop());
        resolve();
      });
    });
    return members.peek();
  },
  passTime(ms: number): void {
    aheadMs += ms;
  },
  actorCount: () => hostedServices.size,
  backendIds: () => [...knownBackends().keys()].filter((id) => id.includes("/")),
  isCut: () => backend.isCut,
  async revoke(id: string): Promise<void> {
    await revokedSessions().load();
    await revokedSessions().revoke(id, Date.now() + 60_000);
  },
  async isRevoked(id: string): Promise<boolean> {
    await revokedSessions().load();
    return revokedSessions().has({ id });
  },
  async insertRows(tenant: string, count: number): Promise<void> {
    const ranks = Array.from({ length: count }, (_, rank) => rank);
    await Promise.all(ranks.map((rank) => todosOf(tenant).insert({ list: "home", rank }, { id: `r${rank}` })));
  },
  /** Ids of the rows of a tenant, those of the highest rank first, and their count. */
  async rowsOf(tenant: string): Promise<{ ids: string[]; count: number }> {
    const where = { list: "home" };
    const rows = await todosOf(tenant).query({ where, order: "desc", limit: 1_000 }).get();
    return { ids: rows.map(({ id }) => id), count: await todosOf(tenant).count({ where }).get() };
  },
  /** Begins to write to each key, as several at once, and rows of tenants. */
  beginWriting(name: string, keys: readonly string[], writersOfKey: number, tenants: readonly string[] = []): void {
    isWriting = true;
    written = Promise.all([
      ...keys.flatMap((key) => Array.from({ length: writersOfKey }, (_, n) => write(`${name}-${key}-${n}`, key))),
      ...tenants.map((tenant) => writeRows(`${name}-${tenant}`, tenant)),
    ]);
  },
  endWriting(): Promise<Outcome[]> {
    isWriting = false;
    return written;
  },
};

export type Operations = typeof operations;
serveOperations(operations);
process.on("disconnect", () => process.exit());
