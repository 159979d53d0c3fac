import type { MemberList } from "../../core/backend/member-list.ts";
import { isKawaError, KawaError, show } from "../../core/errors/errors.ts";
import type { Version } from "../../core/value/version.ts";
import {
  type Delta,
  type Replies,
  type ReplyError,
  type Requests,
  type Row,
  sizeOf,
  toDelta,
} from "../wire/protocol.ts";
import { toReplyError } from "../wire/refusal.ts";
import type { Lives, MemberGroups } from "./member-groups.ts";
import type { Move } from "../../core/collections/open-windows.ts";
import { isQueryKey } from "../../core/collections/query-key.ts";
import { collectionPage } from "./collection-page.ts";
import type { OpenQueries } from "./open-queries.ts";
import type { OtherRows, SignalRows } from "./signal-rows.ts";
import { StoreListeners } from "./store-listeners.ts";
import type { StoredCollections } from "./stored-collections.ts";

export type Refused = readonly (readonly [key: string, error: ReplyError])[];

/** Characters of rows that are read from the storage for one request: beyond them who asked asks again. */
const maxFetchedSize = 4 * 1024 * 1024;
/** Characters of rows that go along with the lists of queries. */
const maxAlsoSize = 1024 * 1024;

/** Rows of a commit, and what they change beside signals. */
export type Committed = { readonly rows: readonly Row[]; readonly lives: Lives; readonly moves: readonly Move[] };

/** What a store shows: from memory, after {@link StoreState.prepare} for what collections keep in the storage. */
export abstract class StoreState {
  protected readonly rows: SignalRows;
  protected readonly collections: StoredCollections;
  readonly queries: OpenQueries;
  protected readonly listeners: StoreListeners = new StoreListeners();
  protected at: Version = { epoch: "", seq: 0 };

  constructor(parts: { rows: SignalRows; collections: StoredCollections; queries: OpenQueries }) {
    this.rows = parts.rows;
    this.collections = parts.collections;
    this.queries = parts.queries;
  }

  /** Has to be called before the rows are restored: it tells which of them are of collections. */
  protected restore(rows: readonly Row[], at: Version): void {
    this.at = at;
    this.collections.restore(rows, at.seq);
    this.queries.restore(at.seq);
  }

  get position(): Version {
    return this.at;
  }

  protected abstract checkOpen(): void;
  protected abstract onCommitted(rows: readonly Row[]): void;

  /** Calls `onDelta` after each commit, and `onClose` when this incarnation ends. */
  listen(onDelta: (delta: Delta) => void, onClose: () => void): () => void {
    return this.listeners.add(onDelta, onClose);
  }

  /** Shows a commit. Where queries need the storage for it, nothing else may be committed meanwhile. */
  protected advance({ rows, lives, moves }: Committed, to: number): Promise<void> | undefined {
    this.onCommitted(rows);
    const settled = this.queries.settle(moves, to);
    const tell = ({ rows: shown, entered }: Awaited<typeof settled>): void => {
      const all = shown.length > 0 ? [...rows, ...shown] : rows;
      const lists = this.rows.apply(all, to, lives);
      // As they are now: the commit itself may have changed them.
      const also = firstOf(entered.flatMap((key) => this.collections.cached(key)));
      const more = { lists, also, closed: this.queries.takeClosed(to) };
      const delta = toDelta({ epoch: this.at.epoch, from: this.at.seq, to, rows: all }, more);
      this.at = { epoch: this.at.epoch, seq: to };
      this.listeners.tell(delta);
    };
    return settled instanceof Promise ? settled.then(tell) : void tell(settled);
  }

  /** The ephemeral keys, and the lists of their groups. */
  get ephemeral(): MemberGroups {
    return this.rows.ephemeral;
  }

  /** Keys with a value, and those that were deleted lately. */
  get rowCount(): number {
    return this.rows.count;
  }

  /** The value of a key at version `at`; the present one where that is no longer known, or of another history. */
  get(key: string, at?: Version): { readonly text: string | null; readonly seq: number } {
    this.checkOpen();
    return this.rows.get(key, this.#seqOf(at));
  }

  /** The list of a group; with `at` as {@link get}. */
  members(group: string, at?: Version): MemberList {
    this.checkOpen();
    return this.ephemeral.list(group, this.#seqOf(at));
  }

  /**
   * Reads from the storage what is needed of it to read these keys: rows of collections, and what queries find. Undefined where nothing is.
   * Resolves with the errors of queries that cannot be answered.
   */
  prepare(keys: readonly string[]): Promise<Refused> | undefined {
    this.checkOpen();
    const { collections } = this;
    return keys.some((key) => isQueryKey(key) || collections.isRow(key)) ? this.#prepare(keys) : undefined;
  }

  async #prepare(keys: readonly string[]): Promise<Refused> {
    const { collections, queries } = this;
    const refused: [string, ReplyError][] = [];
    const open = async (key: string): Promise<void> => {
      try {
        await queries.open(key);
      } catch (error) {
        if (isKawaError(error, "BACKEND_UNAVAILABLE")) throw error;
        refused.push([key, toReplyError(error)]);
      }
    };
    const asked = keys.filter(isQueryKey);
    await Promise.all(asked.map(open));
    const rows = keys.filter((key) => collections.isRow(key));
    await collections.fetch([...rows, ...asked.flatMap((key) => queries.rowKeys(key))], maxFetchedSize);
    this.checkOpen();
    return refused;
  }

  /**
   * The rows of the first keys, as many as fit into one message and at least one, and those of the rows that queries among them show; with
   * `at` as {@link get}.
   */
  read(keys: readonly string[], at?: Version, refused: Refused = []): Replies["read"] {
    this.checkOpen();
    const without = new Set(refused.map(([key]) => key));
    const asked = without.size === 0 ? keys : keys.filter((key) => !without.has(key));
    const rows = this.rows.read(asked, this.#seqOf(at));
    const also = at || !this.collections.isUsed ? [] : firstOf(rows.flatMap(([key]) => this.queries.rowsOf(key)));
    this.collections.trim();
    // The reply is about the first keys alone.
    const end = rows.length < asked.length ? keys.indexOf(asked[rows.length]!) : keys.length;
    const told = refused.filter(([key]) => keys.indexOf(key) < end);
    return {
      ...this.position,
      rows,
      ...(told.length > 0 ? { refused: told } : {}),
      ...(also.length > 0 ? { also } : {}),
    };
  }

  /** A page of the signals with a value whose keys start with `prefix` and come after `after`, in the order of code units. */
  list({ prefix, after, withValues, withLives }: Requests["list"]): Replies["list"] {
    this.checkOpen();
    const reply = this.rows.list(prefix, after, withValues);
    if (!withLives) return reply;
    const last = after === "" ? this.rows.lastKey(prefix) : undefined;
    return { ...reply, lives: this.ephemeral.livesOf(reply.rows), ...(last === undefined ? {} : { last }) };
  }

  /** A page of the rows of a collection, in the order of their ids. */
  collectionPage(asked: Requests["rows"]): Promise<Replies["rows"]> {
    this.checkOpen();
    return collectionPage(this.collections.storage, asked);
  }

  /** Which rows of collections were written after commit `seq`. */
  changedSince(seq: number): Replies["changed"] {
    this.checkOpen();
    const keys = this.rows.keysSince(seq);
    return { seq: this.position.seq, keys: keys && [...keys].filter((key) => this.collections.isRow(key)) };
  }

  /** What has changed since a commit, also of queries that are known and were not kept up to date all the time. */
  since(epoch: string, seq: number, queries: readonly string[] = []): Replies["follow"] {
    this.checkOpen();
    // A replica that is ahead has seen commits that a storage without durability has lost, and one that is far behind may not know that a
    // query was closed.
    const isKnown = epoch === this.position.epoch && seq <= this.position.seq && seq >= this.queries.closedSeq;
    const rows = isKnown ? this.rows.since(seq) : null;
    if (!rows || queries.length === 0) return { ...this.position, rows };
    const told = new Set(rows.map(([key]) => key));
    const changed = queries.filter((key) => !told.has(key) && this.queries.knows(key) && this.rows.get(key).seq > seq);
    return { ...this.position, rows: [...rows, ...changed.map((key) => this.rows.row(key))] };
  }

  #seqOf(at: Version | undefined): number | undefined {
    return at?.epoch === this.position.epoch ? at.seq : undefined;
  }
}

/** The first rows, as many as may go along with what was asked for. */
function firstOf(rows: readonly Row[]): readonly Row[] {
  let size = 0;
  const end = rows.findIndex((row) => (size += sizeOf(row)) > maxAlsoSize);
  return end < 0 ? rows : rows.slice(0, end);
}

/** What {@link SignalRows} does not keep itself. */
export function otherRows(collections: StoredCollections, queries: OpenQueries): OtherRows {
  const keeperOf = (key: string): StoredCollections | OpenQueries => (isQueryKey(key) ? queries : collections);
  return {
    get isUsed() {
      return collections.isUsed;
    },
    has: (key) => isQueryKey(key) || collections.isRow(key),
    knows: (key) => keeperOf(key).knows(key),
    get(key) {
      const found = keeperOf(key).get(key);
      if (!found) throw new KawaError("BACKEND_UNAVAILABLE", `${show(key)} was not read from the storage yet.`);
      return found;
    },
    set: ([key, text, seq]) => keeperOf(key).set(key, { text, seq }),
  };
}
