import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Backend, BackendStatus, Change, Entry, Updater } from "../core/backend.ts";
import { clip, isKawaError, KawaError } from "../core/errors.ts";
import type { ReadonlyCell } from "../core/reactive.ts";
import { encodeValue } from "../core/value.ts";
import type { Version } from "../core/version.ts";
import { type ActorAddress, Connection } from "./connection.ts";
import type { Delta, Row } from "./protocol.ts";
import { Replica } from "./replica.ts";
import { type Batch, overdueError, WriteQueue } from "./write-queue.ts";

/** Longest wait of a read or a write for the actor. A killed engine and server together take about 7 s to recover. */
const operationTimeoutMs = 30_000;
const readChunkKeys = 1_000;
const firstRetryMs = 50;
const maxRetryMs = 1_000;

/** Backend over one actor: one connection and one replica in this process, which reconnect by themselves. */
export class RivetBackend implements Backend {
  readonly id: string;
  readonly #address: ActorAddress;
  readonly #client = randomUUID();
  readonly #replica = new Replica();
  readonly #writes = new WriteQueue();
  readonly #wanted = new Map<string, Promise<void>>();
  #connection: Connection | undefined;
  /** Resolves with the next connection that is in step with the actor. */
  #connected = deferred<Connection>();
  #running: Promise<void> | undefined;
  #following = false;
  #held: Delta[] = [];
  #unsettled: Batch | undefined;
  #flushing = false;
  #readBatch: string[] | undefined;
  #lastError: unknown;
  #closed = false;

  constructor(address: ActorAddress) {
    this.#address = address;
    this.id = `${address.actorName}/${address.actorId}`;
  }

  get version(): Version {
    return this.#replica.version;
  }

  get status(): BackendStatus {
    if (this.#closed) return "closed";
    if (this.#connection) return "connected";
    return this.#running ? "connecting" : "idle";
  }

  entry(key: string): ReadonlyCell<Entry> {
    return this.#replica.cell(key);
  }

  /** With no keys: resolves when the replica is connected. */
  async load(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) {
      await this.#whenConnected();
      return;
    }
    const missing = keys.filter((key) => !this.#replica.isKnown(key));
    if (missing.length > 0) await Promise.all(missing.map((key) => this.#want(key)));
  }

  async set(key: string, value: unknown): Promise<void> {
    await this.#write(key, { text: encodeValue(key, value) });
  }

  update(key: string, updater: Updater): Promise<unknown> {
    return this.#write(key, { updater });
  }

  onChange(listener: (change: Change) => void): () => void {
    return this.#replica.onChange(listener);
  }

  /** Starts connecting, as the first read or write does. */
  connect(): void {
    if (this.#closed) return;
    this.#running ??= this.#stayConnected();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const error = new KawaError("BACKEND_CLOSED", `Backend "${this.id}" was closed.`);
    this.#connection?.close();
    if (this.#unsettled) this.#writes.reject(this.#unsettled, error);
    this.#unsettled = undefined;
    this.#writes.rejectAll(error);
    this.#connected.reject(error);
  }

  #write(key: string, change: { text: string } | { updater: Updater }): Promise<unknown> {
    if (this.#closed) return Promise.reject(new KawaError("BACKEND_CLOSED", `Backend "${this.id}" was closed.`));
    return new Promise((resolve, reject) => {
      this.#writes.add({ key, change, resolve, reject, deadline: performance.now() + operationTimeoutMs });
      // Later in this turn: writes of one turn travel together.
      queueMicrotask(() => void this.#flush());
    });
  }

  /** One batch is on the way at a time; what is written meanwhile makes up the next one. */
  async #flush(): Promise<void> {
    if (this.#flushing || this.#closed) return;
    this.#flushing = true;
    try {
      while (!this.#closed && (this.#unsettled || !this.#writes.isEmpty)) {
        const connection = await this.#whenConnectedForWrites();
        if (!connection) continue;
        try {
          await this.#flushOnce(connection);
        } catch (error) {
          this.#lastError = error;
          // The batch is sent again on the next connection, under the same number.
          connection.close();
          await connection.closed;
        }
      }
    } finally {
      this.#flushing = false;
    }
  }

  async #flushOnce(connection: Connection): Promise<void> {
    if (!this.#unsettled) {
      const keys = this.#writes.keysToLoad().filter((key) => !this.#replica.isKnown(key));
      if (keys.length > 0) await this.#read(connection, keys);
      this.#unsettled = this.#writes.take((key) => this.#replica.cell(key).peek());
    }
    const batch = this.#unsettled;
    if (!batch) return;
    const writes = batch.folded.map(({ write }) => write);
    const reply = await connection.ask("write", { client: this.#client, number: batch.number, writes });
    const conflicts = new Set(reply.conflicts);
    const applied = writes.filter(({ key }) => !conflicts.has(key)).map(({ key, text }): Row => [key, text, reply.seq]);
    // What is not loaded here was in no delta for us. After a retry, later batches may have come in between.
    const { version } = this.#replica;
    if (reply.epoch === version.epoch && reply.seq === version.seq) {
      this.#replica.learn(applied.filter(([key]) => !this.#replica.isKnown(key)));
    }
    this.#unsettled = undefined;
    this.#writes.settle(batch, reply, performance.now());
  }

  /** Undefined after giving up on the writes that have waited too long. */
  async #whenConnectedForWrites(): Promise<Connection | undefined> {
    this.connect();
    if (this.#connection && this.#following) return this.#connection;
    const deadline = this.#unsettled
      ? Math.min(...this.#unsettled.folded.flatMap(({ parts }) => parts.map(({ queued }) => queued.deadline)))
      : (this.#writes.nextDeadline ?? Number.POSITIVE_INFINITY);
    const waiting = new AbortController();
    const waited = sleep(Math.max(0, deadline - performance.now()), undefined, { signal: waiting.signal });
    waited.catch(() => {});
    const connection = await Promise.race([this.#connected.promise.catch(() => undefined), waited]);
    waiting.abort();
    if (connection) return connection;
    const now = performance.now();
    if (this.#unsettled && deadline <= now) {
      this.#writes.reject(this.#unsettled, this.#withCause(overdueError(this.#unsettled.folded[0]!.write.key, operationTimeoutMs)));
      this.#unsettled = undefined;
    }
    this.#writes.rejectOverdue(now, ({ key }) => this.#withCause(overdueError(key, operationTimeoutMs)));
    return undefined;
  }

  #withCause(error: KawaError): KawaError {
    if (this.#lastError === undefined) return error;
    return new KawaError(error.code, error.message.replace(/ \([A-Z_]+\)$/, ""), { cause: this.#lastError, data: error.data });
  }

  #want(key: string): Promise<void> {
    let wanted = this.#wanted.get(key);
    if (!wanted) {
      wanted = this.#readSoon(key).finally(() => this.#wanted.delete(key));
      this.#wanted.set(key, wanted);
    }
    return wanted;
  }

  #soon: Promise<void> | undefined;

  /** Keys that are asked for in one turn are read together. */
  async #readSoon(key: string): Promise<void> {
    if (!this.#readBatch) {
      const keys: string[] = (this.#readBatch = []);
      this.#soon = Promise.resolve().then(async () => {
        this.#readBatch = undefined;
        await this.#readWithRetry(keys);
      });
    }
    this.#readBatch.push(key);
    await this.#soon;
  }

  async #readWithRetry(keys: readonly string[]): Promise<void> {
    const deadline = performance.now() + operationTimeoutMs;
    for (;;) {
      const connection = await this.#whenConnected(deadline);
      try {
        return await this.#read(connection, keys);
      } catch (error) {
        if (this.#closed || performance.now() >= deadline) throw error;
        this.#lastError = error;
        connection.close();
        await connection.closed;
      }
    }
  }

  async #read(connection: Connection, keys: readonly string[]): Promise<void> {
    this.#replica.expect(keys);
    for (let start = 0; start < keys.length; ) {
      const reply = await connection.ask("read", { keys: keys.slice(start, start + readChunkKeys) });
      start += reply.rows.length;
      if (connection !== this.#connection || reply.epoch !== this.#replica.version.epoch) {
        throw new KawaError("BACKEND_UNAVAILABLE", "The connection changed during a read.");
      }
      this.#replica.learn(reply.rows);
    }
  }

  /** @throws {KawaError} BACKEND_TIMEOUT with the reason as its cause */
  async #whenConnected(deadline = performance.now() + operationTimeoutMs): Promise<Connection> {
    this.connect();
    if (this.#connection && this.#following) return this.#connection;
    const waiting = new AbortController();
    const timeout = sleep(Math.max(0, deadline - performance.now()), undefined, { signal: waiting.signal });
    timeout.catch(() => {});
    const connection = await Promise.race([this.#connected.promise, timeout]);
    waiting.abort();
    if (connection) return connection;
    throw this.#withCause(
      new KawaError("BACKEND_TIMEOUT", `Backend "${this.id}" did not connect within ${operationTimeoutMs} ms.`),
    );
  }

  async #stayConnected(): Promise<void> {
    let retryMs = firstRetryMs;
    while (!this.#closed) {
      let connection: Connection | undefined;
      try {
        connection = await Connection.open(this.#address, (delta) => this.#onDelta(delta));
        if (this.#closed) return connection.close();
        this.#connection = connection;
        await this.#follow(connection);
        retryMs = firstRetryMs;
        this.#lastError = undefined;
        this.#connected.resolve(connection);
        await connection.closed;
      } catch (error) {
        this.#lastError = error;
        if (isPermanent(error)) this.#fail(error);
      }
      connection?.close();
      this.#connection = undefined;
      this.#following = false;
      if (this.#closed) return;
      if (this.#connected.isSettled) this.#connected = deferred();
      await sleep(retryMs * (0.5 + Math.random()), undefined, { ref: false });
      retryMs = Math.min(retryMs * 2, maxRetryMs);
    }
  }

  /** Nothing that is waiting can succeed; what comes later tries again. */
  #fail(error: unknown): void {
    this.#writes.rejectAll(error);
    this.#connected.reject(error);
  }

  /** Brings the replica to the actor's version, then goes on with the deltas that arrived meanwhile. */
  async #follow(connection: Connection): Promise<void> {
    this.#following = false;
    this.#held = [];
    const { epoch, seq } = this.#replica.version;
    const reply = await connection.ask("follow", { epoch, seq });
    const version: Version = { epoch: reply.epoch, seq: reply.seq };
    if (reply.rows) {
      this.#replica.catchUp(reply.rows, version);
      return this.#startFollowing();
    }
    const keys = this.#replica.knownKeys();
    const rows: Row[] = [];
    for (let start = 0; start < keys.length; ) {
      const chunk = await connection.ask("read", { keys: keys.slice(start, start + readChunkKeys) });
      start += chunk.rows.length;
      rows.push(...chunk.rows);
    }
    // Rows of later chunks may be newer than this; the deltas between are held, and change nothing twice.
    this.#replica.restart(rows, version);
    this.#startFollowing();
  }

  #startFollowing(): void {
    this.#following = true;
    for (const delta of this.#held.splice(0)) this.#onDelta(delta);
  }

  #onDelta(delta: Delta): void {
    if (!this.#following) return void this.#held.push(delta);
    if (this.#replica.applyDelta(delta)) return;
    const connection = this.#connection;
    if (!connection) return;
    console.warn(`[kawa] "${clip(this.id)}" missed deltas before ${delta.to}; asking for what changed.`);
    this.#follow(connection).catch(() => connection.close());
  }
}

/** Errors that no retry mends: the project has to be changed. */
function isPermanent(error: unknown): boolean {
  return isKawaError(error) && !error.retryable;
}

type Deferred<T> = {
  readonly promise: Promise<T>;
  readonly isSettled: boolean;
  resolve(value: T): void;
  reject(error: unknown): void;
};

function deferred<T>(): Deferred<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  promise.catch(() => {});
  let isSettled = false;
  return {
    promise,
    get isSettled() {
      return isSettled;
    },
    resolve(value) {
      isSettled = true;
      resolve(value);
    },
    reject(error) {
      isSettled = true;
      reject(error);
    },
  };
}
