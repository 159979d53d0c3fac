import { actor, setup } from "rivetkit";
import { createClient } from "rivetkit/client";
import { db } from "rivetkit/db";
import { adoptRegistry } from "../../../src/rivetkit/host/adopt-registry.ts";
import { host } from "../../../src/rivetkit/host/host.ts";
import { rivetClientOptions } from "../../../src/rivetkit/index.ts";
import { coldKey } from "../../../src/rivetkit/storage/cold-keys.ts";
import { migrateSignalStore, sqliteHandle, type SqlDatabase } from "../../../src/rivetkit/storage/sqlite-storage.ts";
import { serveOperations } from "./serve-operations.ts";

// A server with one actor, which compares what its database has with what was written to it.

const rowCount = 50_000;
const filledAtOnce = 1_000;
const writtenAtOnce = 300;
const readAtOnce = 600;
const rowText = "x".repeat(300);

const keyAt = (at: number): string => coldKey(String(at).padStart(9, "0"));
const anyBelow = (end: number): number => Math.floor(Math.random() * end);

/** Writes and reads rows of all parts of the database. Returns how many of the reads found a row as it was before. */
async function staleReads(database: SqlDatabase, rounds: number): Promise<number> {
  const { commit, cold } = sqliteHandle(database);
  const written = new Map<string, number>();
  let seq = 0;
  const write = async (places: Iterable<number>): Promise<void> => {
    seq += 1;
    const rows = Array.from(places, (at) => ({ key: keyAt(at), text: rowText, seq }));
    for (const { key } of rows) written.set(key, seq);
    await commit(rows);
  };
  for (let from = 0; from < rowCount; from += filledAtOnce)
    await write(Array.from({ length: filledAtOnce }, (_, at) => from + at));

  let stale = 0;
  for (let round = 0; round < rounds; round += 1) {
    await write(new Set(Array.from({ length: writtenAtOnce }, () => anyBelow(rowCount))));
    const first = anyBelow(rowCount - readAtOnce);
    const found = await cold!.get(Array.from({ length: readAtOnce }, (_, at) => keyAt(first + at)));
    if (found.length < readAtOnce || found.some((row) => row.seq !== written.get(row.key))) stale += 1;
  }
  return stale;
}

const registry = adoptRegistry(
  setup({
    use: {
      probe: actor({
        db: db({ onMigrate: migrateSignalStore }),
        options: { actionTimeout: 600_000 },
        actions: { staleReads: (context, rounds: number) => staleReads(context.db, rounds) },
      }),
    },
  }),
);

const operations = {
  async staleReads(rounds: number): Promise<number> {
    await registry.start();
    const client = createClient<typeof registry>(await rivetClientOptions());
    return client.probe.getOrCreate(["one"]).staleReads(rounds);
  },
  stop: () => host().stop(),
};

export type DatabaseOperations = typeof operations;
serveOperations(operations);

// RivetKit's native part keeps a process alive after its runner was shut down.
process.on("disconnect", () => process.exit());
