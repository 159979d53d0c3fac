import type { OperationOptions } from "../../core/backend/backend.ts";
import type { Version } from "../../core/value/version.ts";
import type { Challenge, Hello } from "./hello.ts";

/**
 * What a server's replica and the actor say to each other, as JSON text over one raw WebSocket. RivetKit's own `connect()`
 * is not used: its replies cost about 44 ms, it has no timeouts, and it stays idle after an engine restart.
 *
 * Everything the actor sends is in the order of its history: a reply that carries `seq` comes after every delta up to it.
 */

/** Encoded value of a key, `null` when it has none, and the batch that wrote it. */
export type Row = readonly [key: string, text: string | null, seq: number];

/**
 * A write of one key, `text: null` to delete it; or {@link Changes} of it; or of every key that starts with `clear`. With `expect`, it applies only if
 * the value of the key was written by that batch (0: there is no value). With `ttlMs` the value is ephemeral; a renewal begins
 * its life anew, and is a conflict where there is no such value.
 */
export type Write =
  | {
      readonly key: string;
      readonly text: string | null;
      readonly expect?: number | undefined;
      readonly ttlMs?: number | undefined;
    }
  | { readonly key: string; readonly isRenewal: true }
  | Changes
  | Clear;

/** Encoded changes that commute, in order, of what the key holds then. They start from `initial` where it has no value. */
export type Changes = {
  readonly key: string;
  readonly changes: readonly string[];
  readonly initial: string;
  readonly expect?: number | undefined;
  readonly ttlMs?: number | undefined;
};

/** The number of a value that something was made of; 0 stands for no value. */
export type Check = readonly [key: string, seq: number];

/** What each change of a key has made: an increment its number, others nothing; or why it was refused. */
export type ChangeResults = readonly [key: string, results: readonly (number | null | ReplyError)[]];

/**
 * Deletes all keys that start with `clear`, except those in `except`, whose earlier writes by the same client are still on their way. When
 * such a write has ended, a second message deletes `only` its key, as a part of batch `partOf`, about which hooks were asked already.
 */
export type Clear = {
  readonly clear: string;
  readonly except?: readonly string[] | undefined;
  readonly only?: string | undefined;
  readonly partOf?: number | undefined;
};

/** No commit has this number. */
export const noSeq = -1;

/** Length of a row in the store, in UTF-16 code units. */
export function sizeOf([key, text]: Row): number {
  return key.length + (text?.length ?? 0);
}

/** Which operations the hooks of the actor see. Those it leaves alone take the short way. */
export type Hooked = { readonly reads: boolean; readonly writes: boolean; readonly lists: boolean };

/** True where hooks have to be asked about a read. A browser is shown no more of a key than the hooks of lists show it. */
export function isGuardedFor({ reads, lists }: Hooked, origin: OperationOptions["origin"]): boolean {
  return reads || (origin === "browser" && lists);
}

/** A hook that waits for what it has asked for: its name, and the call that it decides about. */
export type HookLink = { readonly hook: string; readonly target: string; readonly call: string };

/** Hooks that wait for each other, the first one at first. It travels with what the last one asks for. */
export type HookChain = readonly HookLink[];

/**
 * Who asks: the encoded identity that hooks see, whether a browser sent the request, and the hooks that wait for the reply. `isPastHooks`
 * marks what a hook does inside `withoutHooks`.
 */
export type By = {
  readonly context?: string;
  readonly origin?: "browser";
  readonly chain?: HookChain;
  readonly isPastHooks?: true;
};

export type Requests = {
  /**
   * First message of every socket. `token` proves that a server of this app is calling. An actor whose backend is divided otherwise by now
   * refuses it, unless it is `isForShards`.
   */
  hello: { token: string; isForShards?: true };
  /**
   * With `at`, as the values were at that version; a row with a higher number is the current one, for the older is forgotten. Who asks is
   * told only where reads are hooked.
   */
  read: { keys: readonly string[]; at?: Version } & By;
  /** Keys with a value that start with `prefix` and come after `after`, in order; `withLives` for whoever copies. */
  list: { prefix: string; after: string; withValues: boolean; withLives?: true } & By;
  /** For whoever copies: rows of a collection with ids after `after`, in their order; and which rows were written after commit `seq`. */
  rows: { collection: string; after: string; withValues: boolean };
  changed: { seq: number };
  /** Asks for everything that changed after `seq`; deltas follow on the same socket from there on, also of the `queries` that the server has. */
  follow: { epoch: string; seq: number; queries?: readonly string[] };
  /**
   * A batch is applied once, however often it is sent: `client` and `number` name it. The client will never again send the
   * numbers below `settled`. Where writes are hooked, a batch has one write, or is whole. A whole batch is a transaction: all of its
   * writes or none, and only while all `checks` hold. After `losses` conflicts a batch comes before others.
   */
  write: {
    client: string;
    number: number;
    settled: number;
    writes: readonly Write[];
    isWhole?: true;
    checks?: readonly Check[];
    losses?: number;
  } & By;
  /** Gives up batches: the actor will not apply those that it has not applied yet. */
  revoke: { client: string; numbers: readonly number[] };
  /** Says which streams this client shows, and which it no longer shows. The client repeats it every few seconds. */
  streams: { client: string; register: readonly string[]; unregister: readonly string[] };
  /** A heartbeat. Servers of several versions may talk to each other, so its name stays. */
  ping: Record<never, never>;
  /** Says that a frame has arrived, and has no reply. The packet carries the TCP acknowledgement that Nagle's algorithm waits for. */
  seen: Record<never, never>;
};

export type Replies = {
  /**
   * `takesFrames` is true where the actor takes {@link RequestFrame}s; one of an earlier version takes one request at a time.
   * `takesChanges` is true where it takes {@link Changes} and whole batches; for one of an earlier version changes are computed here, and
   * compared.
   */
  hello: Hello | Challenge;
  /** Rows of the first keys; ask again for the rest. Where reads are hooked: the rows of all keys that were not refused, in any order. */
  read: {
    epoch: string;
    seq: number;
    rows: readonly Row[];
    refused?: readonly (readonly [key: string, error: ReplyError])[];
    /** The rows of the queries that were read. */
    also?: readonly Row[];
  };
  /** `after` is where to go on, or null when these are all; `last` is where that ends, told with the first page. Without values the texts are null. */
  list: { rows: readonly Row[]; after: string | null; lives?: readonly LifeRow[]; last?: string };
  rows: { rows: readonly Row[]; after: string | null; last?: string };
  /** `keys` is null where it is not known any more. */
  changed: { seq: number; keys: readonly string[] | null };
  /** `rows` is null when the epoch is another one, or too much has changed: the replica has to read its keys again. */
  follow: { epoch: string; seq: number; rows: readonly Row[] | null };
  /**
   * `conflicts` are the keys whose `expect` did not hold, or that could not be renewed; they were not written. Their deltas have been sent. Where writes
   * are hooked, `rows` are what was written after the hooks. `results` are those of the keys with {@link Changes}.
   */
  write: {
    epoch: string;
    seq: number;
    conflicts: readonly string[];
    rows?: readonly Row[];
    results?: readonly ChangeResults[] | undefined;
  };
  /** Batches that were applied before, with their conflicts. Their deltas have been sent. */
  revoke: {
    epoch: string;
    seq: number;
    applied: readonly (readonly [number: number, conflicts: readonly string[], results?: readonly ChangeResults[]])[];
  };
  /** The registered streams whose values this client is to produce. */
  streams: { produce: readonly string[] };
  /** Tells a replica that the last delta was lost, when none follows it. */
  ping: { epoch: string; seq: number };
  seen: Record<never, never>;
};

export type RequestName = keyof Requests;

export type RequestMessage = { [N in RequestName]: { id: number; type: N; body: Requests[N] } }[RequestName];

export type ReplyError = { code: string; message: string; data?: Readonly<Record<string, unknown>> };

type ReplyMessage = { id: number; body: Replies[RequestName] } | { id: number; error: ReplyError };

/** All requests that a server sends at once. A single one may also travel alone. */
export type RequestFrame = readonly RequestMessage[];

/** How long an ephemeral key lives after it was set or renewed, and its place in the order of arrival. */
export type LifeRow = readonly [key: string, ttlMs: number, order: number];

/** The change of the list under `key`: see {@link ListChange}. */
export type ListRow = readonly [key: string, left: readonly string[], joined: readonly string[]];

/**
 * What was committed together. `from` is the sequence number before it. Where reads are hooked, the texts are null. `lists` are the changed
 * lists of groups whose members have come or gone.
 */
export type Delta = {
  epoch: string;
  from: number;
  to: number;
  rows: readonly Row[];
  lists?: readonly ListRow[] | undefined;
  /** Rows of collections that queries among `rows` show from now on, and that have not changed. */
  also?: readonly Row[] | undefined;
  /** Queries that the actor does not follow any more: whoever shows one has to read it again. */
  closed?: readonly string[] | undefined;
};

/** A delta without what is empty. */
export function toDelta(
  commit: Pick<Delta, "epoch" | "from" | "to" | "rows">,
  more: { readonly [K in "lists" | "also" | "closed"]: NonNullable<Delta[K]> },
): Delta {
  return { ...commit, ...Object.fromEntries(Object.entries(more).filter(([, part]) => part.length > 0)) };
}

export type ServerMessage = ReplyMessage | { delta: Delta };

/** All messages that the actor sends in one turn. Two small frames in a row would cost 44 ms (Nagle). */
export type ServerFrame = readonly ServerMessage[];

/** A batch that is applied whole or not at all. */
type WholeBatch = Required<Pick<Requests["write"], "client" | "number" | "settled" | "writes" | "isWhole">> &
  Pick<Requests["write"], "checks">;

/** An incarnation of an actor, which is the actor from one start to its end, as servers of this app ask it. */
export interface ReplicaService {
  /** `onClose` is called when the incarnation ends, and when the server has to connect anew. */
  listen(onDelta: (delta: Delta) => void, onClose: () => void): () => void;
  answer(request: RequestMessage): Promise<Replies[RequestName]> | Replies[RequestName];
  /** After an edit in development. */
  noticeNewHooks(): void;
  /** Commits what `run` makes of the rows that it reads, past the hooks. Rejects with `SetAside` where it waits for something else. */
  readonly transact?:
    | ((run: (read: (key: string) => Row) => Promise<WholeBatch>) => Promise<Replies["write"]>)
    | undefined;
}

/** `data` of a message, `code` of a close. */
type SocketEvent = { readonly data?: unknown; readonly code?: number };

/** The part of a WebSocket that both sides of the protocol use. RivetKit's sockets have it, although their types say less. */
export interface Socket {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: string, listener: (event: SocketEvent) => void): void;
}
