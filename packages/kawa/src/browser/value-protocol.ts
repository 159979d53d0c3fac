/** What the actor holds for a key, on its way to a browser. `text` is the encoded value; `null` says that there is none. */
export type ValueRow = readonly [key: string, text: string | null, seq: number, epoch: string];

/** How the list of a group has changed between two numbers: see `ListChange`. */
export type ListChangeRow = readonly [
  key: string,
  from: number,
  seq: number,
  epoch: string,
  left: readonly string[],
  joined: readonly string[],
];

/** The row of a key that a hook hides: it has no number, so that it looks like one that does not exist. */
export function hiddenRow(key: string): ValueRow {
  return [key, null, 0, ""];
}

/** The newest row of a key that a browser knows. */
export type KnownValue = readonly [key: string, seq: number, epoch: string];

/** Most keys whose values a tab follows, and most ephemeral keys that it keeps. Of more it takes the first ones. */
export const maxWatched = 500;
export const maxKept = 20;

/** The query of a `GET` of values. All keys are one parameter: Next takes time that grows with the square of equal parameters. */
export function keysQuery(keys: readonly string[]): string {
  return `?keys=${encodeURIComponent(JSON.stringify(keys))}`;
}

/**
 * The answer to a `GET` with {@link keysQuery}. Keys without a signal and keys that are not exposed are refused alike. Keys that a hook
 * hides have no value.
 */
export type ReadReply = {
  readonly rows: readonly ValueRow[];
  readonly refused: readonly string[];
  /** Keys whose stored values break the rules of values. */
  readonly unreadable?: readonly string[] | undefined;
  /** Keys that did not fit into this answer: the browser asks for them again. */
  readonly later?: readonly string[] | undefined;
  /** The versions that the rows are of, or newer, by epoch. */
  readonly versions?: Readonly<Record<string, number>> | undefined;
};

/** Most writes of one request. */
export const maxGroupedWrites = 100;

/** The answers to several writes, in their order. `accepted` is what {@link acceptedHeader} says of a single one. */
export type WriteGroupReply = { readonly replies: readonly GroupedReply[] };
export type GroupedReply = WriteReply | ErrorReply | { readonly accepted: string };

/** A key, and the number and history of its value as this browser knows it; 0 stands for no value. */
export type KnownNumber = readonly [key: string, seq: number, epoch: string];

/** A write of a transaction: an encoded value, `null` for its end, or encoded changes that commute. Each key is written once. */
export type TransactionPart =
  | { readonly key: string; readonly text: string | null }
  | { readonly key: string; readonly changes: readonly string[] };

/** The `transaction` of the body of a `PUT`: made whole, or not at all. It names at most {@link maxGroupedWrites} keys. */
export type TransactionRequest = {
  /** Names it, so that one that is sent again is not applied twice. */
  readonly id: string;
  /** What its function has read, each key once. */
  readonly reads: readonly KnownNumber[];
  readonly writes: readonly TransactionPart[];
  /** When it is sent again: what the keys that it writes held before. */
  readonly bases?: readonly KnownNumber[] | undefined;
};

/**
 * What the actor holds now of what it has written, and after a conflict of all that it names. Rows may be missing: the browser asks for those
 * that it needs.
 */
export type TransactionReply = { readonly rows: readonly ValueRow[]; readonly isConflict?: boolean | undefined };

/** Body of a `PUT`, or one of its `writes`: servers of earlier versions refuse the latter. */
export type WriteRequest = {
  /** Names the write, so that one that is sent again is not applied twice. */
  readonly id: string;
  readonly key: string;
  /** Encoded value; `null` deletes. Undefined where there is a `change`. */
  readonly text?: string | null | undefined;
  /** An encoded change that commutes. */
  readonly change?: string | undefined;
  /** Which version of the signal's definition the change is for; the `text` of a value names it. @default 1 */
  readonly version?: number | undefined;
  /** Applied only while the value has this number; 0 stands for no value. */
  readonly expect?: number | undefined;
  /** True when it is sent again, because the reply to the first attempt was lost. */
  readonly isAgain?: boolean | undefined;
  /** True when it waited for the answer to the write before it. A busy server lets the next one wait longer. */
  readonly isNext?: boolean | undefined;
};

/**
 * `row` is what the actor holds now; undefined where the writer may not read it. Where the actor holds what was sent, the answer has no
 * body, which takes a third less time: {@link acceptedHeader} names the row's number and epoch.
 */
export type WriteReply = {
  readonly row?: ValueRow | undefined;
  readonly isConflict?: boolean | undefined;
  /** The number that an increment has made. */
  readonly made?: unknown;
};

export const acceptedHeader = "kawa-accepted";

/** The body of every answer that refuses. */
export type ErrorReply = {
  readonly code: string;
  /** For people. */
  readonly error: string;
  readonly retryAfterMs?: number | undefined;
};
