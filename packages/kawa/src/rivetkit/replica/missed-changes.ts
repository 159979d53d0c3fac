import type { Version } from "../../core/value/version.ts";
import type { Row } from "../wire/protocol.ts";
import type { Connection } from "./connection.ts";
import { readInChunks } from "./read-keys.ts";
import type { Replica } from "./replica.ts";

/** What a replica has missed up to `version`. `rows` are those that changed, or all of a history that it has to begin anew. */
export type MissedChanges = { readonly version: Version; readonly rows: readonly Row[]; readonly isRestart: boolean };

/** Asks the actor what the replica has missed; deltas of all that follows come from then on. */
export async function askForMissed(connection: Connection, replica: Replica): Promise<MissedChanges> {
  const { epoch, seq } = replica.version;
  const { rows, ...version } = await connection.ask("follow", { epoch, seq });
  if (rows) return { version, rows, isRestart: false };
  const all: Row[] = [];
  // Where reads are hooked, the link does not wait for values: a hook may take its time, and may need this connection itself.
  if (!replica.isGuarded) {
    for await (const chunk of readInChunks(connection, replica.followedKeys())) all.push(...chunk.rows);
  }
  return { version, rows: all, isRestart: true };
}

/** Brings the replica to the version. Returns the keys that a guarded replica has to read again. */
export function applyMissed(replica: Replica, { version, rows, isRestart }: MissedChanges): readonly string[] {
  if (!isRestart) {
    replica.catchUp(rows, version);
    return rows.map(([key]) => key);
  }
  const keys = replica.followedKeys();
  if (replica.isGuarded && version.epoch !== replica.version.epoch) replica.forget(keys);
  // Rows of later chunks may be newer than this version; the deltas that were held back then change nothing twice.
  replica.restart(rows, version);
  return keys;
}
