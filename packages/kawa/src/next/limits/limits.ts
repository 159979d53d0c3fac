/**
 * What strangers may ask of this server, and how much of it: each limit with its unit. `docs/limits.md` lists them all, with what
 * happens beyond. Where a client is counted, it counts as its session and as its address, and both need room: an address may be that
 * of a whole office.
 */

/** How much all sessions or addresses may hold of one resource. */
export type ClientLimits = { readonly perSession: number; readonly perAddress: number; readonly perProcess: number };

const kib = 1024;
const mib = 1024 * kib;

/** Rates are in requests that cost 1. */
export const rateLimits = {
  /** @default of `maxRequestsPerSecond` */
  perSession: 50,
  /** Times the rate of a session. */
  addressFactor: 4,
  /** What a client may ask at once after it was quiet, in seconds of its rate. */
  burstSeconds: 4,
  /** Clients that are told apart. What comes beyond counts as one. */
  maxClients: 50_000,
  /** New sessions of one address, and sign-outs of visitors who are not signed in. */
  sessionsPerSecond: 10,
  sessionsAtOnce: 1_000,
  /** What the first sign-out of a guest costs of these: its end is a row for as long as its cookie lives. Later ones replace that row. */
  guestEndCost: 20,
} as const;

/** What each of these adds to the cost of a request; a request alone costs 1. */
export const costs = {
  key: 1 / 25,
  /** A value that is written in the request of another write. It was measured to take a fourteenth of a request. */
  furtherValue: 1 / 10,
  /** A query of a collection, beside the rows that it may find: each of them counts as a key. */
  query: 1,
  /** All entries between the bounds of a count are looked at, and only the actor knows how many these are. */
  count: 5,
  keptKey: 1 / 4,
  render: 1 / 25,
  fragment: 1 / 10,
  /** Each byte of a body: reading JSON of 512 KiB takes milliseconds. */
  byte: 1 / (32 * kib),
} as const;

export const bodyLimits = {
  /** Size of a `POST`. A tab with a token has about 20 KB. */
  maxStreamBytes: 512 * kib,
  /** @default of `maxWriteBytes` */
  maxWriteBytes: 64 * kib,
  /** Longest time until a whole body has come, in milliseconds. */
  timeoutMs: 10_000,
  /** A longer body is parsed when it is its client's turn. */
  pieceBytes: 64 * kib,
  /** Bytes that bodies have, or may come to have, that are being read. */
  reading: { perSession: 16 * mib, perAddress: 16 * mib, perProcess: 64 * mib },
} as const;

export const answerLimits = {
  /** Keys of one `GET`. */
  maxKeys: 200,
  /** Size of one answer: the browser asks again for what does not fit. */
  maxBytes: mib,
  /** Keys that are read at the same time for one request. More of them wait for their turn. */
  keysAtOnce: 32,
  /** Values that are written out in one go, in characters. */
  pieceLength: 128 * kib,
  /** Bytes of answers that clients have not read yet. */
  sending: { perSession: 8 * mib, perAddress: 32 * mib, perProcess: 128 * mib },
} as const;

export const streamLimits = {
  /** Open streams. @default of `maxStreamsPerClient`, and of `maxStreams` for the process */
  open: { perSession: 1_000, perAddress: 1_000, perProcess: 10_000 },
  /** Different keys whose values a stream carries, and ephemeral keys that it keeps. */
  maxValues: 2_000,
  maxKept: 64,
  /** Keys that the renders of a stream's tabs have read. A tab beyond hears of every change. */
  maxReads: 20_000,
  /** Length of the versions that one render shows: some 20 characters for each backend that it has read. */
  maxVersionsLength: 64 * kib,
  values: { perSession: 10_000, perAddress: 100_000, perProcess: 500_000 },
  kept: { perSession: 256, perAddress: 4_000, perProcess: 20_000 },
  reads: { perSession: 50_000, perAddress: 500_000, perProcess: 2_000_000 },
  /** Tabs that one stream begins to follow at the same time. */
  tabsAtOnce: 8,
  /** Keys whose signals are looked for in one go. */
  findsAtOnce: 256,
  /** Keys that one stream reads at the same time. */
  keysAtOnce: 16,
  /** Length of one event with values; a longer one has a single value. */
  maxEventLength: 64 * kib,
  /** Most characters that are written before the head of the answer has gone. */
  maxEarlyLength: 64 * kib,
  /** Most bytes that are buffered for one browser. */
  maxBufferedBytes: mib,
} as const;

/** A client that reads nothing for this long is disconnected, in milliseconds. */
export const drainTimeoutMs = 30_000;

export const renewalLimits = {
  /** How often the server looks which ephemeral keys are due for renewal, in milliseconds. */
  tickMs: 250,
  /** Renewals of one backend at each look. */
  perTick: 500,
  /** Longest wait before a refused renewal is tried again, in periods of renewal (a third of `ttlMs`). */
  maxBackoff: 32,
} as const;

export const pushLimits = {
  open: { perSession: 16, perAddress: 200, perProcess: 10_000 },
  fragments: { perSession: 1_600, perAddress: 10_000, perProcess: 100_000 },
  /** Rendering of fragments in one piece, in milliseconds. */
  sliceMs: 5,
} as const;

export const writeLimits = {
  /** Most bytes of a value that counts as a further one, as it is read. */
  smallValueBytes: 8 * kib,
  /** Writes whose outcome is remembered, for writes that are sent again. */
  outcomes: { perAddress: 2_000, perProcess: 20_000 },
  /** Different keys of durable values that one client may write in an hour. */
  keysPerHour: { perSession: 2_000, perAddress: 20_000 },
} as const;

export const queryLimits = {
  /** Queries of collections that one client has not asked for lately: a search page may ask for two at each letter. */
  newQueries: { session: { perSecond: 2, atOnce: 500 }, address: { perSecond: 8, atOnce: 5_000 } },
} as const;
