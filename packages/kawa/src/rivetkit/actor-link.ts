import { setTimeout as sleep } from "node:timers/promises";
import type { BackendStatus } from "../core/backend.ts";
import { clip, isKawaError, KawaError } from "../core/errors.ts";
import type { Version } from "../core/version.ts";
import { type ActorAddress, Connection } from "./connection.ts";
import { type Deferred, deferred } from "./deferred.ts";
import type { Delta, Row } from "./protocol.ts";
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
  /** Resolves with the next connection whose replica is in step. */
  #connected: Deferred<Connection> = deferred();
  #isRunning = false;
  #isFollowing = false;
  /** Deltas that came before the replica was in step. */
  #held: Delta[] = [];
  #lastError: unknown;
  #closedBy: KawaError | undefined;

  constructor(address: ActorAddress) {
    this.#address = address;
    this.id = `${address.actorName}/${address.actorId}`;
  }

  get status(): BackendStatus {
    if (this.#closedBy) return "closed";
    if (this.#connection) return "connected";
    return this.#isRunning ? "connecting" : "idle";
  }

  /**
   * @param deadline time of `performance.now()` until which to wait
   * @throws {KawaError} BACKEND_TIMEOUT - with the last failure as its cause
   * @throws {KawaError} BACKEND_CLOSED, or an error that no retry mends
   */
  async whenConnected(deadline: number): Promise<Connection> {
    if (this.#closedBy) throw this.#closedBy;
    if (!this.#isRunning) void this.#stayConnected();
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

  /** Loads keys into the replica. */
  async read(connection: Connection, keys: readonly string[]): Promise<void> {
    this.replica.expect(keys);
    for await (const { epoch, rows } of readInChunks(connection, keys)) {
      if (connection !== this.#connection || epoch !== this.replica.version.epoch) {
        throw new KawaError("BACKEND_UNAVAILABLE", "The connection changed during a read.");
      }
      this.replica.learn(rows);
    }
  }

  close(error: KawaError): void {
    this.#closedBy = error;
    this.#connection?.close();
    this.#connected.reject(error);
  }

  async #stayConnected(): Promise<void> {
    this.#isRunning = true;
    let retryMs = firstRetryMs;
    while (!this.#closedBy) {
      let connection: Connection | undefined;
      try {
        connection = await Connection.open(this.#address, {
          onDelta: (delta) => this.#onDelta(delta),
          onPosition: (position) => this.#checkPosition(position),
        });
        if (this.#closedBy) return connection.close();
        this.#connection = connection;
        await this.#follow(connection);
        retryMs = firstRetryMs;
        this.#lastError = undefined;
        this.#connected.resolve(connection);
        await connection.closed;
      } catch (error) {
        this.#lastError = error;
        // The project has to be changed: who waits is told at once, and who comes later tries again.
        if (isKawaError(error) && !error.retryable) this.#connected.reject(error);
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
    } else {
      const rows: Row[] = [];
      for await (const chunk of readInChunks(connection, this.replica.knownKeys())) rows.push(...chunk.rows);
      // Rows of later chunks may be newer than this version; the held deltas then change nothing twice.
      this.replica.restart(rows, version);
    }
    this.#isFollowing = true;
    for (const delta of this.#held.splice(0)) this.#onDelta(delta);
  }

  #onDelta(delta: Delta): void {
    if (!this.#isFollowing) return void this.#held.push(delta);
    if (!this.replica.applyDelta(delta)) this.#catchUp();
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
  const waiting = new AbortController();
  const waitMs = Math.max(0, deadline - performance.now());
  const timeout = sleep(waitMs, undefined, { signal: waiting.signal }).catch(() => undefined);
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    waiting.abort();
  }
}

async function* readInChunks(connection: Connection, keys: readonly string[]) {
  for (let start = 0; start < keys.length; ) {
    const reply = await connection.ask("read", { keys: keys.slice(start, start + readChunkKeys) });
    start += reply.rows.length;
    yield reply;
  }
}
