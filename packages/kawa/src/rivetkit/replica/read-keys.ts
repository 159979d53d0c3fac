import type { Entry } from "../../core/backend/backend.ts";
import { createEntry } from "../../core/backend/entry.ts";
import { KawaError } from "../../core/errors/errors.ts";
import type { EntriesAt } from "../../core/backend/pinned-snapshot.ts";
import type { Version } from "../../core/value/version.ts";
import type { Replies, Row } from "../wire/protocol.ts";
import { fromReplyError } from "../wire/refusal.ts";
import type { Connection } from "./connection.ts";
import type { Replica } from "./replica.ts";

const chunkKeys = 1_000;

/** Asks for keys, as many as a message may name at a time; a reply has the rows of the first of them. */
export async function* readInChunks(
  connection: Connection,
  keys: readonly string[],
  at?: Version,
): AsyncGenerator<Replies["read"], void, undefined> {
  for (let start = 0; start < keys.length;) {
    const chunk = keys.slice(start, start + chunkKeys);
    const reply = await connection.ask("read", at === undefined ? { keys: chunk } : { keys: chunk, at });
    start += reply.rows.length + (reply.refused?.length ?? 0);
    yield reply;
  }
}

/** Reads keys as they were at a version, past the replica: see `at` in the protocol. */
export async function readAt(connection: Connection, keys: readonly string[], at: Version): Promise<EntriesAt> {
  const entries = new Map<string, Entry>();
  let epoch = "";
  for await (const reply of readInChunks(connection, keys, at)) {
    epoch = reply.epoch;
    for (const [key, text, seq] of reply.rows) entries.set(key, createEntry(seq, text));
    for (const [, error] of reply.refused ?? []) throw fromReplyError(error);
  }
  return { epoch, entries };
}

export type ReadIntoOptions = {
  readonly connection: Connection;
  readonly replica: Replica;
  /** False when the replica follows another connection by now. */
  readonly isCurrent: () => boolean;
  readonly onRow?: ((row: Row) => void) | undefined;
};

/** See `ActorLink.read`. */
export async function readInto(
  { connection, replica, isCurrent, onRow }: ReadIntoOptions,
  keys: readonly string[],
): Promise<ReadonlyMap<string, unknown>> {
  const end = replica.expect(keys);
  const refused = new Map<string, unknown>();
  const read = async (some: readonly string[]): Promise<void> => {
    for await (const reply of readInChunks(connection, some)) {
      if (!isCurrent() || reply.epoch !== replica.version.epoch) {
        throw new KawaError("BACKEND_UNAVAILABLE", "The connection changed during a read.");
      }
      replica.learn(reply.rows, onRow);
      // They are not expected, so they may be older than a delta that has come already.
      if (reply.also && reply.seq === replica.version.seq) replica.learn(reply.also);
      for (const [key, error] of reply.refused ?? []) refused.set(key, fromReplyError(error));
    }
  };
  try {
    // Where hooks are asked, one key may take long.
    await (replica.isGuarded && connection.isLocal ? Promise.all(keys.map((key) => read([key]))) : read(keys));
    return refused;
  } finally {
    end();
  }
}
