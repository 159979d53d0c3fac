import type { BackendStatus } from "../../core/backend/backend.ts";
import { clip, isKawaError, type KawaError } from "../../core/errors/errors.ts";
import { leftUntil } from "../../core/process/left-until.ts";
import { keepAlive } from "../../core/process/keep-alive.ts";
import { withTimeout } from "../../core/process/with-timeout.ts";
import type { Version } from "../../core/value/version.ts";
import type { LostHost } from "../engine/lost-host.ts";
import { type Deferred, deferred } from "../wire/deferred.ts";
import type { Delta, Hooked, Row } from "../wire/protocol.ts";
import { asAnonymous } from "./as-anonymous.ts";
import type { Connection } from "./connection.ts";
import { isFinal } from "./final-errors.ts";
import { type LinkState, notAnswered, notReached, restError } from "./link-state.ts";
import { applyMissed, askForMissed } from "./missed-changes.ts";
import type { ActorAddress } from "./open-socket.ts";
import { Proof } from "./proof.ts";
import { readInto } from "./read-keys.ts";
import { Replica } from "./replica.ts";
import { Rereads } from "./rereads.ts";
import { stayConnected } from "./stay-connected.ts";

/** Keeps a replica in step with its actor: connects, follows, notices what was missed, and connects again. */
export class ActorLink {
  readonly id: string;
  readonly replica: Replica = new Replica();
  /** For whoever reads the replica after a silence. */
  readonly proof: Proof;
  readonly #address: ActorAddress;
  readonly #lostHost: LostHost | undefined;
  readonly #rereads = new Rereads({
    replica: this.replica,
    read: (connection, keys) => this.read(connection, keys),
  });
  #state: LinkState = { name: "idle" };
  #hooked: Hooked | undefined;
  /** Resolves with the next connection whose replica is in step. */
  #connected: Deferred<Connection> = deferred();
  /** Names what keeps the connection, until the link rests. */
  #keeping: object | undefined;
  /** Why there is no connection: the cause in the error of callers whose time is over. */
  #lastError: unknown;

  constructor(address: ActorAddress, lostHost?: LostHost) {
    this.#address = address;
    this.#lostHost = lostHost;
    this.id = `${address.actorName}/${address.actorId}`;
    this.proof = new Proof({
      isCut: () => this.isCut,
      whenConnected: (deadline) => this.whenConnected(deadline),
      reaches: (version, deadline) => this.whenReached(version, deadline).then(() => this.replica.hasReached(version)),
    });
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
    return "connection" in this.#state ? "connected" : this.#state.name;
  }

  /** True while commits of others may be missing here: there is no connection, nothing comes from it, or the replica catches up. */
  get isCut(): boolean {
    const { name } = this.#state;
    return name === "in step" ? this.#state.connection.isQuiet : name === "connecting" || name === "catching up";
  }

  /**
   * @param deadline time of `performance.now()` until which to wait
   * @throws {KawaError} BACKEND_TIMEOUT - with the last failure as its cause
   * @throws {KawaError} BACKEND_CLOSED, or an error that no retry mends
   */
  async whenConnected(deadline: number): Promise<Connection> {
    this.replica.isUsed = true;
    if (this.#state.name === "closed") throw this.#state.error;
    if (this.#state.name === "in step") return this.#state.connection;
    if (this.#state.name === "idle") void asAnonymous(() => this.#stayConnected());
    const connected = withTimeout(this.#connected.promise, leftUntil(deadline), () =>
      notReached(this.id, this.#lastError),
    );
    // Between two attempts nothing else may keep the process.
    return keepAlive(connected);
  }

  /** Resolves when the replica has reached `version`, which the actor has told, and at `deadline` in any case. */
  async whenReached(version: Version, deadline: number): Promise<void> {
    this.#checkPosition(version);
    await withTimeout(this.replica.whenReached(version), leftUntil(deadline), () => {});
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
        return await withTimeout(request(connection), leftUntil(deadline), () => notAnswered(this.id));
      } catch (error) {
        if (isFinal(error) || performance.now() >= deadline) throw error;
        // After a timeout the actor may only be slow: the connection stays.
        if (!isKawaError(error, "BACKEND_TIMEOUT")) await this.drop(connection, error);
      }
    }
  }

  /**
   * Loads keys into the replica: anonymously, where reading is guarded. Resolves with the errors of those that were refused. With `onRow`,
   * rows without a value go there when the replica holds very many.
   */
  read(
    connection: Connection,
    keys: readonly string[],
    onRow?: (row: Row) => void,
  ): Promise<ReadonlyMap<string, unknown>> {
    const isCurrent = (): boolean => connection === this.#connection;
    return readInto({ connection, replica: this.replica, isCurrent, onRow }, keys);
  }

  /** Resolves when a guarded replica shows what has changed of these keys up to now. */
  async whenReadAgain(keys: readonly string[]): Promise<void> {
    await this.#rereads.whenDone(keys);
  }

  /** Ends the connection, and forgets all that it has brought, until somebody asks again. Only while it is in step. */
  rest(): void {
    if (this.#state.name !== "in step" || this.isCut) return;
    const { connection } = this.#state;
    this.#state = { name: "idle" };
    this.#keeping = undefined;
    this.replica.rest();
    connection.close();
  }

  close(error: KawaError): void {
    const connection = this.#connection;
    this.#state = { name: "closed", error };
    this.replica.close();
    connection?.close();
    this.#connected.reject(error);
  }

  get #connection(): Connection | undefined {
    return "connection" in this.#state ? this.#state.connection : undefined;
  }

  /** Who looks after shards has no use for the deltas. They would bring all that servers write, and answers come behind them. */
  get #follows(): boolean {
    return !this.#address.isForShards;
  }

  async #stayConnected(): Promise<void> {
    this.#beWithout();
    const keeping = (this.#keeping = {});
    await stayConnected({
      address: this.#address,
      events: {
        // An actor in this process delivers the delta within the request that has written.
        onDelta: (delta) => asAnonymous(() => this.#onDelta(delta)),
        onPosition: (position) => this.#checkPosition(position),
        onLate: () => void this.#lostHost?.check(),
      },
      isCurrent: (connection) => connection === this.#connection,
      closedBy: () => {
        if (this.#state.name === "closed") return this.#state.error;
        return this.#keeping === keeping ? undefined : restError;
      },
      follow: (connection) => this.#follow(connection),
      onFailure: (error, final) => {
        this.#lastError = error;
        // Callers that wait get the error at once, later ones try again.
        if (final) this.#connected.reject(final);
      },
      onLost: () => this.#beWithout(),
    });
  }

  #beWithout(): void {
    const state: LinkState = { name: "connecting" };
    this.#state = state;
    if (this.#connected.isSettled) this.#connected = deferred();
    void this.#lostHost?.checkWhile(() => this.#state === state);
  }

  /** Goes on with a connection. The one before, which has become quiet, ends. */
  async #follow(connection: Connection): Promise<void> {
    const before = this.#connection;
    if (this.#connected.isSettled) this.#connected = deferred();
    void connection.closed.then(() => {
      if (connection === this.#connection) this.#beWithout();
    });
    this.#hooked = connection.hooked;
    this.replica.guard(connection.hooked.reads);
    const caughtUp = this.#catchUp(connection);
    before?.close();
    await caughtUp;
    this.#lastError = undefined;
    if (!connection.isOver) this.#connected.resolve(connection);
  }

  /** Brings the replica to the actor's version, then goes on with the deltas that came meanwhile. */
  async #catchUp(connection: Connection): Promise<void> {
    const state: LinkState = { name: "catching up", connection, held: [] };
    this.#state = state;
    const missed = this.#follows ? await askForMissed(connection, this.replica) : undefined;
    if (this.#state !== state) return;
    const changed = missed ? applyMissed(this.replica, missed) : [];
    if (this.replica.isGuarded) this.#rereads.start(connection, changed);
    this.#state = { name: "in step", connection };
    this.proof.given();
    void this.#lostHost?.note(true);
    for (const delta of state.held) this.#onDelta(delta);
  }

  #onDelta(delta: Delta): void {
    if (!this.#follows) return;
    if (this.#state.name === "catching up") this.#state.held.push(delta);
    if (this.#state.name !== "in step") return;
    const { connection } = this.#state;
    if (!this.replica.applyDelta(delta)) this.#catchUpAgain(connection);
    else if (this.replica.isGuarded) {
      const keys = [...delta.rows, ...(delta.lists ?? [])].map(([key]) => key);
      this.#rereads.start(connection, delta.closed ? [...keys, ...delta.closed] : keys);
    }
  }

  #checkPosition(position: Version): void {
    if (this.#state.name !== "in step") return;
    void this.#lostHost?.note(false);
    if (!this.#follows || this.replica.hasReached(position)) this.proof.given();
    else this.#catchUpAgain(this.#state.connection);
  }

  /** The engine drops messages silently when there are very many. */
  #catchUpAgain(connection: Connection): void {
    console.warn(`[kawa] "${clip(this.id)}" has missed changes after ${this.replica.version.seq}; asking for them.`);
    this.#catchUp(connection).catch(() => connection.close());
  }
}
