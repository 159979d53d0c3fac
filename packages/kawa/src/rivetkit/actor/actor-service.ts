import { isKawaError, KawaError } from "../../core/errors/errors.ts";
import { isServerKey } from "../../core/backend/key.ts";
import { ActorCalls } from "./actor-calls.ts";
import { ActorLeases } from "./actor-leases.ts";
import type { ActorSettings } from "../hooks/actor-settings.ts";
import { ClientAccess } from "./client-access.ts";
import { HookedReads } from "./hooked-reads.ts";
import { HookedWrites } from "./hooked-writes.ts";
import { type HookContext, hookedBy } from "../hooks/hooks.ts";
import { StreamLeases } from "../store/stream-leases.ts";
import {
  type Delta,
  type Hooked,
  isGuardedFor,
  type Replies,
  type ReplicaService,
  type RequestMessage,
  type RequestName,
  type Requests,
  type Row,
  type Write,
} from "../wire/protocol.ts";
import { isServerWrite } from "../wire/server-write.ts";
import { SetAside } from "../store/local-transactions.ts";
import { Reservations, type SentBatch } from "../store/reservations.ts";
import type { SignalStore, Written } from "../store/signal-store.ts";

export type ActorServiceOptions = {
  readonly store: SignalStore;
  /** Returns the settings, for each action anew: an edit in development changes them. */
  readonly settings: () => ActorSettings;
  /** Given to the hooks where a server of this app calls. */
  readonly context: HookContext;
};

/** One incarnation of the actor: its store behind its hooks. */
export class ActorService implements ReplicaService {
  readonly store: SignalStore;
  /** What hooks are given where a server of this app calls. */
  readonly context: HookContext;
  readonly clients: ClientAccess;
  readonly #streamLeases = new StreamLeases();
  /** What it changes by itself; nothing while its values are kept elsewhere. */
  #leases: ActorLeases | undefined;
  readonly #reservations = new Reservations();
  readonly #calls: ActorCalls;
  readonly #reads: HookedReads;
  readonly #writes: HookedWrites;
  readonly #disconnects = new Set<() => void>();
  #knownHooked: string;

  constructor({ store, settings, context }: ActorServiceOptions) {
    this.store = store;
    this.context = context;
    this.#calls = new ActorCalls({ store, leases: this.#streamLeases, settings });
    this.clients = new ClientAccess({ store, calls: this.#calls, settings, commit: (batch) => this.#commit(batch) });
    this.#reads = new HookedReads({ store, calls: this.#calls, context });
    const isGuarded = (): boolean => this.hooked.reads;
    this.#writes = new HookedWrites({
      store,
      calls: this.#calls,
      context,
      isGuarded,
      commit: (batch) => this.#commit(batch),
    });
    this.#knownHooked = JSON.stringify(this.hooked);
    store.listen(
      () => this.#lookAtGate(),
      () => {},
    );
    this.#lookAtGate();
  }

  get hooked(): Hooked {
    return hookedBy(this.#calls.hooks);
  }

  /**
   * Deltas as a server may have them: without values where each identity has to ask for its own. `onClose` is called when this
   * incarnation ends, and when the server has to connect anew.
   */
  listen(onDelta: (delta: Delta) => void, onClose: () => void): () => void {
    const isGuarded = this.hooked.reads;
    const stop = this.store.listen(
      (delta) => onDelta(isGuarded ? { ...delta, rows: withoutTexts(delta.rows), also: undefined } : delta),
      onClose,
    );
    this.#disconnects.add(onClose);
    return () => {
      stop();
      this.#disconnects.delete(onClose);
    };
  }

  /** After an edit in development: servers have been told what the hooks decide about when they connected. */
  noticeNewHooks(): void {
    const known = JSON.stringify(this.hooked);
    if (known === this.#knownHooked) return;
    this.#knownHooked = known;
    this.#disconnectAll();
  }

  async close(): Promise<void> {
    this.#leases?.close();
    await this.store.close();
  }

  /** Answers one request of a server of this app, which has proved that it is one. */
  answer(request: RequestMessage): Promise<Replies[RequestName]> | Replies[RequestName] {
    switch (request.type) {
      case "hello":
        if (!request.body.isForShards) this.store.gate.check();
        return { ...this.store.position, instance: this.store.instance, hooked: this.hooked, ...abilities };
      case "read":
        return this.#passesReadHooks(request.body) ? this.#reads.read(request.body) : this.#read(request.body);
      case "list":
        return this.#passesListHooks(request.body) ? this.#reads.list(request.body) : this.store.list(request.body);
      case "rows":
        return this.store.collectionPage(request.body);
      case "changed":
        return this.store.changedSince(request.body.seq);
      case "follow":
        return this.#follow(request.body);
      case "write":
        return this.#passesWriteHooks(request.body) ? this.#writes.write(request.body) : this.#write(request.body);
      case "revoke":
        return this.#revoke(request.body);
      case "streams":
        return this.#renewStreams(request.body);
      case "ping":
        return this.store.position;
      case "seen":
        return {};
    }
  }

  #read({ keys, at }: Requests["read"]): Promise<Replies["read"]> | Replies["read"] {
    const prepared = this.store.prepare(keys);
    return prepared ? prepared.then((refused) => this.store.read(keys, at, refused)) : this.store.read(keys, at);
  }

  #lookAtGate(): void {
    const isServing = this.store.gate.state !== "moved";
    if (isServing === (this.#leases !== undefined)) return;
    this.#leases?.close();
    this.#leases = isServing ? this.#createLeases() : undefined;
    // Its servers hear why when they connect again. The commit that says so is acknowledged first.
    if (!isServing) setImmediate(() => setImmediate(() => this.#disconnectAll()));
  }

  #createLeases(): ActorLeases {
    const { store } = this;
    const commit = (writes: readonly Write[]): Promise<unknown> => store.write({ number: 0, settled: 0, writes });
    return new ActorLeases({ store, commit, streams: this.#streamLeases, onLook: () => this.#writes.forgetOld() });
  }

  #disconnectAll(): void {
    for (const disconnect of [...this.#disconnects]) disconnect();
  }

  #passesReadHooks({ origin, isPastHooks }: Requests["read"]): boolean {
    return !isPastHooks && isGuardedFor(this.hooked, origin);
  }

  #passesListHooks({ prefix, isPastHooks }: Requests["list"]): boolean {
    return !isPastHooks && this.hooked.lists && !isServerKey(prefix);
  }

  #passesWriteHooks({ writes, isPastHooks }: Requests["write"]): boolean {
    return !isPastHooks && this.hooked.writes && !writes.every(isServerWrite);
  }

  /** Keys that are reserved do not hold it up: they wait for a transaction of another process. */
  readonly transact: NonNullable<ReplicaService["transact"]> = (run) =>
    this.store.transact(async (read) => {
      const batch = await run(read);
      if (this.#reservations.whenFree(batch)) throw new SetAside("Another transaction comes first.");
      this.#leases?.keys.note(batch.writes);
      return batch;
    });

  async #commit(batch: SentBatch): Promise<Written> {
    try {
      const reserved = this.#reservations.whenFree(batch);
      if (reserved) await reserved;
      this.#leases?.keys.note(batch.writes);
      const written = await this.store.write(batch);
      this.#reservations.end(batch);
      if (written.conflicts.length > 0) this.#reservations.noteLoss(batch, written.conflicts);
      return written;
    } catch (cause) {
      if (isKawaError(cause)) throw cause;
      // `BACKEND_UNAVAILABLE`, not the hook's refusal: no write was refused.
      throw new KawaError("BACKEND_UNAVAILABLE", "The actor could not commit the batch.", { cause });
    }
  }

  async #write(body: Requests["write"]): Promise<Replies["write"]> {
    const { epoch, seq, conflicts, results } = await this.#commit(body);
    return { epoch, seq, conflicts, ...(results ? { results } : {}) };
  }

  /** The store applies each number once: an impossible write under the number of a batch that is given up leaves none for that batch. */
  async #revoke({ client, numbers }: Requests["revoke"]): Promise<Replies["revoke"]> {
    const applied: Replies["revoke"]["applied"][number][] = [];
    for (const number of numbers) {
      const { conflicts, results } = await this.#commit({ client, number, settled: 0, writes: [impossibleWrite] });
      if (!conflicts.includes(impossibleWrite.key)) applied.push([number, conflicts, results ?? []]);
    }
    return { ...this.store.position, applied };
  }

  #follow(body: Requests["follow"]): Promise<Replies["follow"]> | Replies["follow"] {
    // What another incarnation has kept up to date for this server.
    const prepared = body.queries && this.store.prepare(body.queries);
    return prepared ? prepared.then(() => this.#since(body)) : this.#since(body);
  }

  #since({ epoch, seq, queries }: Requests["follow"]): Replies["follow"] {
    const reply = this.store.since(epoch, seq, queries);
    return this.hooked.reads && reply.rows ? { ...reply, rows: withoutTexts(reply.rows) } : reply;
  }

  #renewStreams({ client, register, unregister }: Requests["streams"]): Replies["streams"] {
    this.#streamLeases.unregister(client, unregister);
    const produce = this.#streamLeases.register(client, register, Date.now());
    this.#leases?.endStreams();
    return { produce };
  }
}

/** What an earlier version could not do. */
const abilities = { takesFrames: true, takesChanges: true } as const;

/** No key is empty, and no commit has this number. */
const impossibleWrite = { key: "", text: null, expect: -1 };

function withoutTexts(rows: readonly Row[]): Row[] {
  return rows.map(([key, , seq]) => [key, null, seq]);
}
