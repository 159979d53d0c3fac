import { setTimeout as sleep } from "node:timers/promises";
import type { BackendStatus, Entry } from "../../core/backend/backend.ts";
import { createEntry } from "../../core/backend/entry.ts";
import { clip, isKawaError, KawaError } from "../../core/errors/errors.ts";
import type { EntriesAt } from "../../core/backend/pinned-snapshot.ts";
import type { Version } from "../../core/value/version.ts";
import { asAnonymous } from "./as-anonymous.ts";
import { Connection } from "./connection.ts";
import type { ActorAddress } from "./open-socket.ts";
import { type Deferred, deferred } from "../wire/deferred.ts";
import { disk } from "../engine/disk-room.ts";
import { startFailureKey, startFailures } from "../wire/hosted-services.ts";
import type { Delta, Hooked, Row } from "../wire/protocol.ts";
import { fromReplyError } from "../wire/refusal.ts";
import { Replica } from "./replica.ts";

const readChunkKeys = 1_000;
const firstRetryMs = 50;
const maxRetryMs = 1_000;

/** Keeps a replica in step with its actor: connects, follows, notices what was missed, and connects again. */
export class ActorLink {
  readonly id: string;
  readonly replica: Replica = new Replica();
  readonly #address: ActorAddress;
  #connection: Connection | undefined;
  #hooked: Hooked | undefined;
  /** Resolves with the next connection whose replica is in step. */
  #connected: Deferred<Connection> = deferred();
  #isRunning = false;
  #isFollowing = false;
  /** Keys of a guarded replica that have changed since they were read. */
  readonly #outdated = new Set<string>();
  readonly #readingAgain = new Map<string, Promise<unknown>>();
  /** Deltas that came before the replica was in step. */
  #held: Delta[] = [];
  #lastError: unknown;
  #closedBy: KawaError | undefined;

  constructor(address: ActorAddress) {
    this.#address = address;
    this.id = `${address.actorName}/${address.actorId}`;
  }

  /** What the hooks of the actor decide about; undefined before the first connection. */
  get hooked(): Hooked | undefined {
    return this.#hooked;
  }

  /** True where the actor lives in this process. */
  get isLocal(): boolean {
    return this.#connection?.isLocal ?? false;
  }

  get status(): BackendStatus {
    if (this.#closedBy) return "closed";
    if (this.#connection) return "connected";
    return this.#isRunning ? "connecting" : "idle";
  }

  /** True while commits of others may be missing here: there is no connection, or nothing comes from it. */
  get isCut(): boolean {
    return this.#isRunning && !this.#closedBy && (!this.#connection || this.#connection.isQuiet);
  }

  /**
   * @param deadline time of `performance.now()` until which to wait
   * @throws {KawaError} BACKEND_TIMEOUT - with the last failure as its cause
   * @throws {KawaError} BACKEND_CLOSED, or an error that no retry mends
   */
  async whenConnected(deadline: number): Promise<Connection> {
    if (this.#closedBy) throw this.#closedBy;
    if (!this.#isRunning) void asAnonymous(() => this.#stayConnected());
    if (this.#connection && this.#isFollowing) return this.#connection;
    const connection = await beforeDeadline(this.#connected.promise, deadline);
    if (connection) return connection;
    throw new KawaError("BACKEND_TIMEOUT", `Backend "${clip(this.id)}" could not be reached in time.`, {
      cause: this.#lastError,
    });
  }

  /** Resolves when the replica has reached `version`, which the actor has told, and at `deadline` in any case. */
  async whenReached(version: Version, deadline: number): Promise<void> {
    this.#checkPosition(version);
    await beforeDeadline(this.replica.whenReached(version), deadline);
  }

  /** Ends a connection that has failed, so that the next one is a new one. */
  async drop(connection: Connection, error: unknown): Promise<void> {
    this.#lastError = error;
    connection.close();
    await connection.closed;
  }

  /** Asks until there is an answer, on the next connection when one ends. */
  async ask<T>(deadline: number, request: (connection: Connection) => Promise<T>): Promise<T> {
    for (;;) {
      const connection = await this.whenConnected(deadline);
      try {
        return await withDeadline(request(connection), deadline, this.id);
      } catch (error) {
        if (isFinal(error) || performance.now() >= deadline) throw error;
        // The actor lives and takes its time.
        if (!isKawaError(error, "BACKEND_TIMEOUT")) await this.drop(connection, error);
      }
    }
  }

  /**
   * Loads keys into the replica: as nobody, where reading is guarded. Resolves with the errors of those that were refused. With `onRow`,
   * rows without a value go there when the replica holds very many.
   */
  async read(
    connection: Connection,
    keys: readonly string[],
    onRow?: (row: Row) => void,
  ): Promise<ReadonlyMap<string, unknown>> {
    const end = this.replica.expect(keys);
    const refused = new Map<string, unknown>();
    try {
      const read = async (some: readonly string[]): Promise<void> => {
        for await (const reply of readInChunks(connection, some)) {
          if (connection !== this.#connection || reply.epoch !== this.replica.version.epoch) {
            throw new KawaError("BACKEND_UNAVAILABLE", "The connection changed during a read.");
          }
          this.replica.learn(reply.rows, onRow);
          for (const [key, error] of reply.refused ?? []) refused.set(key, fromReplyError(error));
        }
      };
      // Where hooks are asked, one key may take long.
      await (this.replica.isGuarded && connection.isLocal ? Promise.all(keys.map((key) => read([key]))) : read(keys));
      return refused;
    } finally {
      end();
    }
  }

  /** Reads keys as they were at a version, past the replica: see `at` in the protocol. */
  async readAt(connection: Connection, keys: readonly string[], at: Version): Promise<EntriesAt> {
    const entries = new Map<string, Entry>();
    let epoch = "";
    for await (const reply of readInChunks(connection, keys, at)) {
      epoch = reply.epoch;
      for (const [key, text, seq] of reply.rows) entries.set(key, createEntry(seq, text));
      for (const [, error] of reply.refused ?? []) throw fromReplyError(error);
    }
    return { epoch, entries };
  }

  close(error: KawaError): void {
    this.#closedBy = error;
    this.replica.close();
    this.#connection?.close();
    this.#connected.reject(error);
  }

  get #startKey(): string {
    return startFailureKey(this.#address.actorName, [this.#address.actorId]);
  }

  async #stayConnected(): Promise<void> {
    this.#isRunning = true;
    let retryMs = firstRetryMs;
    while (!this.#closedBy) {
      let connection: Connection | undefined;
      try {
        connection = await Connection.open(this.#address, {
          // Where the actor is in this process, who writes brings it.
          onDelta: (delta) => asAnonymous(() => this.#onDelta(delta)),
          onPosition: (position) => this.#checkPosition(position),
        });
        if (this.#closedBy) return connection.close();
        this.#connection = connection;
        this.#hooked = connection.hooked;
        this.replica.guard(connection.hooked.reads);
        await this.#follow(connection);
        retryMs = firstRetryMs;
        this.#lastError = undefined;
        // It has started, perhaps in another process.
        startFailures.delete(this.#startKey);
        this.#connected.resolve(connection);
        await connection.closed;
      } catch (error) {
        this.#lastError = error;
        const failure = isOfHost(error) ? error : (startFailures.get(this.#startKey) ?? (await disk.failure()));
        // The project or its disk has to be changed: who waits is told at once, and who comes later tries again.
        if (failure) this.#connected.reject(failure);
      }
      connection?.close();
      this.#connection = undefined;
      this.#isFollowing = false;
      if (this.#closedBy) return;
      if (this.#connected.isSettled) this.#connected = deferred();
      await sleep(retryMs * (0.5 + Math.random()), undefined, { ref: false });
      retryMs = Math.min(retryMs * 2, maxRetryMs);
    }
  }

  /** Brings the replica to the actor's version, then goes on with the deltas that arrived meanwhile. */
  async #follow(connection: Connection): Promise<void> {
    this.#isFollowing = false;
    this.#held = [];
    const { epoch, seq } = this.replica.version;
    const reply = await connection.ask("follow", { epoch, seq });
    const version: Version = { epoch: reply.epoch, seq: reply.seq };
    if (reply.rows) {
      this.replica.catchUp(reply.rows, version);
      if (this.replica.isGuarded) this.#readAgain(reply.rows.map(([key]) => key));
    } else if (this.replica.isGuarded) {
      // A hook may take its time, and ask for this connection itself: nobody waits for the values.
      const keys = this.replica.followedKeys();
      if (reply.epoch !== epoch) this.replica.forget(keys);
      this.replica.restart([], version);
      this.#readAgain(keys);
    } else {
      const rows: Row[] = [];
      for await (const chunk of readInChunks(connection, this.replica.followedKeys())) rows.push(...chunk.rows);
      // Rows of later chunks may be newer than this version; the held deltas then change nothing twice.
      this.replica.restart(rows, version);
    }
    this.#isFollowing = true;
    for (const delta of this.#held.splice(0)) this.#onDelta(delta);
  }

  #onDelta(delta: Delta): void {
    if (!this.#isFollowing) return void this.#held.push(delta);
    if (!this.replica.applyDelta(delta)) this.#catchUp();
    else if (this.replica.isGuarded) this.#readAgain([...delta.rows, ...(delta.lists ?? [])].map(([key]) => key));
  }

  /** What nobody in particular may see of keys that have changed or are no longer known, now or on the next connection. */
  #readAgain(changed: readonly string[]): void {
    const connection = this.#connection;
    for (const key of changed) if (this.replica.isFollowed(key)) this.#outdated.add(key);
    if (!connection || this.#outdated.size === 0) return;
    const keys = [...this.#outdated];
    this.#outdated.clear();
    const groups = connection.isLocal ? keys.map((key) => [key]) : [keys];
    for (const group of groups) this.#readGroupAgain(connection, group);
  }

  #readGroupAgain(connection: Connection, keys: readonly string[]): void {
    const forget = (left: Iterable<string>): void => this.replica.forget([...left]);
    const work = this.read(connection, keys).then(
      (refused) => forget(refused.keys()),
      (error) => {
        // A hook takes its time. Whoever needs the value asks for it.
        if (isKawaError(error, "BACKEND_TIMEOUT")) return forget(keys);
        for (const key of keys) this.#outdated.add(key);
        connection.close();
      },
    );
    for (const key of keys) {
      const done = Promise.all([this.#readingAgain.get(key), work]).then(() => {
        if (this.#readingAgain.get(key) === done) this.#readingAgain.delete(key);
      });
      this.#readingAgain.set(key, done);
    }
  }

  /** Resolves when a guarded replica shows what has changed of these keys up to now. */
  async whenReadAgain(keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => this.#readingAgain.get(key)));
  }

  #checkPosition(position: Version): void {
    if (this.#isFollowing && !this.replica.hasReached(position)) this.#catchUp();
  }

  /** The engine drops messages silently when there are very many. */
  #catchUp(): void {
    const connection = this.#connection;
    if (!connection) return;
    console.warn(`[kawa] "${clip(this.id)}" has missed changes after ${this.replica.version.seq}; asking for them.`);
    this.#follow(connection).catch(() => connection.close());
  }
}

/** What `promise` gives, or undefined at `deadline`, a time of `performance.now()`. */
async function beforeDeadline<T>(promise: Promise<T>, deadline: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, deadline - performance.now()), undefined);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Rejects at `deadline`, whatever becomes of the work. */
async function withDeadline<T>(work: Promise<T>, deadline: number, id: string): Promise<T> {
  const settled = work.then((value) => ({ value }));
  settled.catch(() => {});
  const result = await beforeDeadline(settled, deadline);
  if (result) return result.value;
  const hint = "Where the actor has hooks, one of them may take this long, or wait for what waits for it.";
  throw new KawaError("BACKEND_TIMEOUT", `Backend "${clip(id)}" did not answer in time. ${hint}`);
}

/** No other attempt mends it. */
function isOfHost(error: unknown): error is KawaError {
  return isKawaError(error) && (!error.retryable || error.code === "DISK_FAILED");
}

/** True for an answer of the actor; false when the connection failed, or the actor went away. */
export function isFinal(error: unknown): boolean {
  return !isKawaError(error) || !error.code.startsWith("BACKEND_") || error.code === "BACKEND_CLOSED";
}

async function* readInChunks(connection: Connection, keys: readonly string[], at?: Version) {
  for (let start = 0; start < keys.length;) {
    const chunk = keys.slice(start, start + readChunkKeys);
    const reply = await connection.ask("read", at === undefined ? { keys: chunk } : { keys: chunk, at });
    start += reply.rows.length + (reply.refused?.length ?? 0);
    yield reply;
  }
}
