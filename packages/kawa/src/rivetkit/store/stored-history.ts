import { randomBytes } from "node:crypto";
import { streamScope } from "../../core/backend/key.ts";
import { KawaError } from "../../core/errors/errors.ts";
import { groupIn, memberKey } from "../../core/backend/members.ts";
import { type ClientRecord, decodeRecord, encodeRecord, isForgotten } from "./client-record.ts";
import { listIn, readLife, writeLife } from "./stored-life.ts";
import type { Life, Lives } from "./member-groups.ts";
import type { Row } from "../wire/protocol.ts";
import type { StoreHandle, StoredRow } from "../storage/storage.ts";

// Rows of the store itself are kept beside the others, so that a batch and its bookkeeping are one commit.
const epochKey = "\0epoch";
const epochBytes = 9;
/** The number up to which deletions are purged. */
const purgedKey = "\0floor";
const clientPrefix = "\0client:";
/** Deletions that are remembered, so that replicas which were away are told of them. */
export const maxDeletedKeys = 1_000;

/** What a storage holds of an actor. */
export type StoredHistory = {
  epoch: string;
  /** Number of the newest commit, -1 when there is none. */
  seq: number;
  /** Deletions up to this commit may have been purged. */
  purgedSeq: number;
  rows: Row[];
  /** Lives of the rows that are ephemeral. */
  lives: Map<string, Life>;
  clients: Map<string, ClientRecord>;
};

/** Reads what was committed from a commit on. */
async function loadHistory(handle: StoreHandle, from: number): Promise<StoredHistory> {
  const history: StoredHistory = { epoch: "", seq: -1, purgedSeq: 0, rows: [], lives: new Map(), clients: new Map() };
  for (const stored of await handle.load(from)) {
    history.seq = Math.max(history.seq, stored.seq);
    const text = stored.text ?? "";
    if (stored.key === epochKey) history.epoch = text;
    else if (stored.key === purgedKey) history.purgedSeq = Number(text);
    else if (stored.key.startsWith(clientPrefix))
      history.clients.set(stored.key.slice(clientPrefix.length), decodeRecord(text));
    else {
      const [life, text] = readLife(stored.text);
      if (life) history.lives.set(stored.key, life);
      history.rows.push([stored.key, text, stored.seq]);
    }
  }
  return history;
}

/**
 * What was committed after a commit.
 *
 * @throws {KawaError} BACKEND_CLOSED - that commit is gone: the next incarnation goes on with what is left
 */
export async function loadMissed(handle: StoreHandle, after: number): Promise<StoredHistory> {
  const history = await loadHistory(handle, after);
  if (history.seq < after) throw new KawaError("BACKEND_CLOSED", `The storage has lost commit ${after}.`);
  return { ...history, rows: history.rows.filter((row) => row[2] > after) };
}

/** Reads everything when an actor starts, without what belongs to its earlier run only. */
export async function openHistory(handle: StoreHandle, maxDeleted: number = maxDeletedKeys): Promise<StoredHistory> {
  const history = await loadHistory(handle, 0);
  const seq = history.seq + 1;
  const commit: StoredRow[] = [];
  const forgotten = [...history.clients].filter(([, record]) => isForgotten(record)).map(([client]) => client);
  let removed = forgotten.map(clientKey);
  for (const client of forgotten) history.clients.delete(client);

  if (history.epoch === "") {
    // Browsers tell thousands of histories apart by it.
    history.epoch = randomBytes(epochBytes).toString("base64url");
    commit.push({ key: epochKey, text: history.epoch, seq });
  }
  takeLists(history, commit, seq);
  const deleted = history.rows.filter(([, text]) => text === null);
  if (deleted.length > maxDeleted) {
    history.purgedSeq = history.seq;
    history.rows = history.rows.filter(([, text]) => text !== null);
    // The commit says that deletions are purged before they are. Its number stays known when their rows are gone.
    commit.push(purgedRow(history.purgedSeq, seq));
    removed = removed.concat(deleted.map(([key]) => key));
  }
  // The servers that produce streams begin anew.
  for (const [index, [key, text]] of history.rows.entries()) {
    if (text === null || streamScope(key) === undefined) continue;
    history.rows[index] = [key, null, seq];
    commit.push({ key, text: null, seq });
  }
  if (commit.length > 0) {
    await handle.commit(commit);
    history.seq = seq;
  }
  if (removed.length > 0) await handle.remove(removed, history.seq);
  return history;
}

/** Earlier versions kept the list of a group as a row. The keys that it names are ephemeral. */
function takeLists(history: StoredHistory, commit: StoredRow[], seq: number): void {
  const at = new Map(history.rows.map(([key], index) => [key, index]));
  for (const [index, [key, list]] of history.rows.entries()) {
    const group = groupIn(key);
    if (group === undefined || list === null) continue;
    const { ttlMs, ids } = listIn(key, list);
    for (const id of ids) {
      const member = memberKey(group, id);
      const text = history.rows[at.get(member) ?? -1]?.[1];
      if (typeof text !== "string" || history.lives.has(member)) continue;
      const life: Life = [ttlMs, history.lives.size];
      history.lives.set(member, life);
      history.rows[at.get(member)!] = [member, text, seq];
      commit.push({ key: member, text: writeLife(life, text), seq });
    }
    history.rows[index] = [key, null, seq];
    commit.push({ key, text: null, seq });
  }
}

export function clientKey(client: string): string {
  return clientPrefix + client;
}

/** What a group of batches changes. */
type Changes = {
  readonly rows: readonly Row[];
  readonly lives: Lives;
  readonly clients: ReadonlyMap<string, ClientRecord>;
};

/** The rows of a commit: what changes, with what is then known of clients. Deletions up to `purgedSeq` are purged after it. */
export function toCommit(
  { rows, lives, clients }: Changes,
  { epoch, purgedSeq, seq }: { readonly epoch: string; readonly purgedSeq: number | undefined; readonly seq: number },
): StoredRow[] {
  return [
    // In a commit that changes no value, the row of the epoch keeps its number, also when the clients are forgotten.
    ...(rows.length === 0 ? [{ key: epochKey, text: epoch, seq }] : []),
    ...rows.map(([key, text]) => ({ key, text: text === null ? null : writeLife(lives.get(key), text), seq })),
    ...[...clients].map(([client, record]) => ({ key: clientKey(client), text: encodeRecord(record), seq })),
    ...(purgedSeq === undefined ? [] : [purgedRow(purgedSeq, seq)]),
  ];
}

function purgedRow(purgedSeq: number, seq: number): StoredRow {
  return { key: purgedKey, text: String(purgedSeq), seq };
}
