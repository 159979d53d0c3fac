import { isKawaError, KawaError } from "../../core/errors/errors.ts";
import { isServerKey, streamKey } from "../../core/backend/key.ts";
import { streamRenewMs } from "../../core/streams/inline-streams.ts";
import { ActorCalls } from "./actor-calls.ts";
import type { ActorSettings } from "../hooks/actor-settings.ts";
import { ClientAccess } from "./client-access.ts";
import { HookedReads } from "./hooked-reads.ts";
import { HookedWrites } from "./hooked-writes.ts";
import { type HookContext, hookedBy } from "../hooks/hooks.ts";
import { KeyLeases } from "../store/key-leases.ts";
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
import type { SignalStore } from "../store/signal-store.ts";

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
  readonly #leaseTimer: NodeJS.Timeout;
  readonly #keyLeases: KeyLeases;
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
    this.#keyLeases = new KeyLeases({ store, commit: (writes) => store.write({ number: 0, settled: 0, writes }) });
    this.#knownHooked = JSON.stringify(this.hooked);
    this.#leaseTimer = setInterval(() => {
      this.#endStreams();
      this.#writes.forgetOld();
    }, streamRenewMs);
    this.#leaseTimer.unref();
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
      (delta) => onDelta(isGuarded ? { ...delta, rows: withoutTexts(delta.rows) } : delta),
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
    for (const disconnect of [...this.#disconnects]) disconnect();
  }

  async close(): Promise<void> {
    clearInterval(this.#leaseTimer);
    this.#keyLeases.close();
    await this.store.close();
  }

  /** Answers one request of a server of this app, which has proved that it is one. */
  answer(request: RequestMessage): Promise<Replies[RequestName]> | Replies[RequestName] {
    switch (request.type) {
      case "hello":
        return { ...this.store.position, instance: this.store.instance, hooked: this.hooked, takesFrames: true };
      case "read":
        return this.#passesReadHooks(request.body)
          ? this.#reads.read(request.body)
          : this.store.read(request.body.keys, request.body.at);
      case "list":
        return this.#passesListHooks(request.body) ? this.#reads.list(request.body) : this.store.list(request.body);
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

  #passesReadHooks({ origin, isPastHooks }: Requests["read"]): boolean {
    return !isPastHooks && isGuardedFor(this.hooked, origin);
  }

  #passesListHooks({ prefix, isPastHooks }: Requests["list"]): boolean {
    return !isPastHooks && this.hooked.lists && !isServerKey(prefix);
  }

  #passesWriteHooks({ writes, isPastHooks }: Requests["write"]): boolean {
    return !isPastHooks && this.hooked.writes && !writes.every(isServerWrite);
  }

  async #commit(batch: Parameters<SignalStore["write"]>[0]): ReturnType<SignalStore["write"]> {
    try {
      this.#keyLeases.note(batch.writes);
      return await this.store.write(batch);
    } catch (cause) {
      if (isKawaError(cause)) throw cause;
      // `BACKEND_UNAVAILABLE`, not the hook's refusal: no write was refused.
      throw new KawaError("BACKEND_UNAVAILABLE", "The actor could not commit the batch.", { cause });
    }
  }

  async #write(body: Requests["write"]): Promise<Replies["write"]> {
    const { epoch, seq, conflicts } = await this.#commit(body);
    return { epoch, seq, conflicts };
  }

  /** The store applies each number once: an impossible write under the number of a batch that is given up leaves none for that batch. */
  async #revoke({ client, numbers }: Requests["revoke"]): Promise<Replies["revoke"]> {
    const applied: [number, readonly string[]][] = [];
    for (const number of numbers) {
      const { conflicts } = await this.#commit({ client, number, settled: 0, writes: [impossibleWrite] });
      if (!conflicts.includes(impossibleWrite.key)) applied.push([number, conflicts]);
    }
    return { ...this.store.position, applied };
  }

  #follow({ epoch, seq }: Requests["follow"]): Replies["follow"] {
    const reply = this.store.since(epoch, seq);
    return this.hooked.reads && reply.rows ? { ...reply, rows: withoutTexts(reply.rows) } : reply;
  }

  #renewStreams({ client, register, unregister }: Requests["streams"]): Replies["streams"] {
    this.#streamLeases.unregister(client, unregister);
    const produce = this.#streamLeases.register(client, register, Date.now());
    this.#endStreams();
    return { produce };
  }

  /** Deletes the values of streams that no server shows any more. */
  #endStreams(): void {
    const writes = this.#streamLeases
      .expire(Date.now())
      .map(streamKey)
      .filter((key) => typeof this.store.get(key)?.text === "string")
      .map((key): Write => ({ key, text: null }));
    if (writes.length === 0) return;
    this.#commit({ number: 0, settled: 0, writes }).catch((error) =>
      console.error("[kawa] Streams could not be ended:", error),
    );
  }
}

/** No key is empty, and no commit has this number. */
const impossibleWrite = { key: "", text: null, expect: -1 };

function isServerWrite(write: Write): boolean {
  return isServerKey("clear" in write ? write.clear : write.key);
}

function withoutTexts(rows: readonly Row[]): Row[] {
  return rows.map(([key, , seq]) => [key, null, seq]);
}
