import { isQueryKey } from "../../core/collections/query-key.ts";
import type { Version } from "../../core/value/version.ts";
import type { Row } from "../wire/protocol.ts";
import type { Connection } from "./connection.ts";
import { readInChunks } from "./read-keys.ts";
import type { Replica } from "./replica.ts";

/** Queries that an actor begins to keep up to date when a server connects: each has to be read from its storage. */
const maxQueries = 500;

/** What a replica has missed up to `version`. `rows` are those that changed, or all of a history that it has to begin anew. */
export type MissedChanges = {
  readonly version: Version;
  readonly rows: readonly Row[];
  readonly isRestart: boolean;
  /** Queries that the actor does not answer any more: a store that was made anew knows no collection. */
  readonly gone?: readonly string[];
};

/** Asks the actor what the replica has missed; deltas of all that follows come from then on. */
export async function askForMissed(connection: Connection, replica: Replica): Promise<MissedChanges> {
  const { epoch, seq } = replica.version;
  const held = replica.followedKeys().filter(isQueryKey);
  // The last ones are those that were used last. Whoever shows another one asks for it again.
  const queries = held.slice(-maxQueries);
  const others = held.slice(0, held.length - queries.length);
  replica.forget(others);
  const { rows, ...version } = await connection.ask("follow", {
    epoch,
    seq,
    ...(queries.length > 0 ? { queries } : {}),
  });
  if (rows && others.length === 0) return { version, rows, isRestart: false };
  const all: Row[] = [];
  const gone: string[] = [];
  // Where reads are hooked, the link does not wait for values: a hook may take its time, and may need this connection itself.
  if (!replica.isGuarded) {
    for await (const { rows: read, refused = [] } of readInChunks(connection, replica.followedKeys())) {
      all.push(...read);
      gone.push(...refused.map(([key]) => key));
    }
  }
  return { version, rows: all, isRestart: true, gone };
}

/** Brings the replica to the version. Returns the keys that a guarded replica has to read again. */
export function applyMissed(
  replica: Replica,
  { version, rows, isRestart, gone = [] }: MissedChanges,
): readonly string[] {
  if (!isRestart) {
    replica.catchUp(rows, version);
    return rows.map(([key]) => key);
  }
  const keys = replica.followedKeys();
  if (replica.isGuarded && version.epoch !== replica.version.epoch) replica.forget(keys);
  // Rows of later chunks may be newer than this version; the deltas that were held back then change nothing twice.
  replica.restart(rows, version);
  // Whoever reads one again tells this history of its collection first.
  replica.forget(gone);
  return keys;
}
