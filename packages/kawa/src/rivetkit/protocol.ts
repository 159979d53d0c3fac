/**
 * What a server's replica and the actor say to each other, as JSON text over one raw WebSocket. RivetKit's own `connect()`
 * is not used: its replies cost about 44 ms, it has no timeouts, and it stays idle after an engine restart.
 *
 * Everything the actor sends is in the order of its history: a reply that carries `seq` comes after every delta up to it.
 */

/** Encoded value of a key, `null` when it has none, and the batch that wrote it. */
export type Row = readonly [key: string, text: string | null, seq: number];

/** A write. With `expect`, it applies only if the key was last written by that batch (0: never). */
export type Write = { readonly key: string; readonly text: string | null; readonly expect?: number };

export type Requests = {
  /** First message of every socket. `token` proves that a server of this app is calling. */
  hello: { token: string };
  read: { keys: readonly string[] };
  /** Asks for everything that changed after `seq`; deltas follow on the same socket from there on. */
  follow: { epoch: string; seq: number };
  /** `number` grows by one a batch: a batch that is sent again is applied once. */
  write: { client: string; number: number; writes: readonly Write[] };
  ping: Record<never, never>;
  /** Says that a frame has arrived, and has no reply. Its way back carries the TCP acknowledgement that Nagle waits for. */
  seen: Record<never, never>;
};

export type Replies = {
  hello: { epoch: string; seq: number; instance: string };
  /** Rows of the first keys; ask again for the rest. */
  read: { epoch: string; seq: number; rows: readonly Row[] };
  /** `rows` is null when the epoch is another one, or too much has changed: the replica has to read its keys again. */
  follow: { epoch: string; seq: number; rows: readonly Row[] | null };
  /** `conflicts` are the keys whose `expect` did not hold; they were not written. Their deltas have been sent. */
  write: { epoch: string; seq: number; conflicts: readonly string[] };
  /** Tells a replica that the last delta was lost, when none follows it. */
  ping: { epoch: string; seq: number };
  seen: Record<never, never>;
};

export type RequestName = keyof Requests;

export type RequestMessage = { [N in RequestName]: { id: number; type: N; body: Requests[N] } }[RequestName];

export type ReplyMessage =
  | { id: number; body: Replies[RequestName] }
  | { id: number; error: { code: string; message: string } };

/** One committed batch. `from` is the sequence number before it. */
export type Delta = { epoch: string; from: number; to: number; rows: readonly Row[] };

export type ServerMessage = ReplyMessage | { delta: Delta };

/** What the actor sends at once: all messages of one turn. Two small frames in a row would cost 44 ms (Nagle). */
export type ServerFrame = readonly ServerMessage[];

/** Close code for a socket that did not prove who it is. */
export const unauthorizedCloseCode = 4401;
