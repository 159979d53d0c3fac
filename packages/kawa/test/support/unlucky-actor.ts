import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { decodeValue } from "../../src/core/value/value.ts";
import { actorAudience } from "../../src/rivetkit/wire/actor-audience.ts";
import { ActorService } from "../../src/rivetkit/actor/actor-service.ts";
import type { HookContext, ReactiveStateActorHooks } from "../../src/rivetkit/hooks/hooks.ts";
import { hostedServices } from "../../src/rivetkit/wire/hosted-services.ts";
import type { Disk } from "../../src/rivetkit/journal/disk.ts";
import { journaled } from "../../src/rivetkit/journal/journaled-handle.ts";
import { serveReplica } from "../../src/rivetkit/actor/serve-replica.ts";
import { SignalStore } from "../../src/rivetkit/store/signal-store.ts";
import { migrateSignalStore, type SqlDatabase, sqliteHandle } from "../../src/rivetkit/storage/sqlite-storage.ts";
import type { StoreHandle, StoredRow } from "../../src/rivetkit/storage/storage.ts";
import { BatchLog } from "./batch-log.ts";
import type { CommitHistory, Path } from "./commit-history.ts";
import { Machine } from "./power-cut.ts";
import { createUnluckyWire, type FrameFate, type UnluckyEnd } from "./unlucky-wire.ts";

/** What becomes of a commit. */
export type CommitFate =
  | "done"
  | "slow"
  | "refused"
  | "answer lost"
  | "answer lost, then unreachable"
  | "hangs, then done"
  | "hangs, then refused"
  | "killed before"
  | "killed after";

/** Faults in the order in which they happen; where they end, all goes well. */
export type Plan = {
  readonly frames: readonly FrameFate[];
  readonly commits: readonly CommitFate[];
  /** Asked for by each incarnation. */
  readonly hooks: () => ReactiveStateActorHooks;
  /** Whose backends live in the process of the actor, by their `actorId`. */
  readonly local: string | undefined;
  /** As if few values fitted into one message. */
  readonly hasSmallMessages: boolean;
  /** As with an embedded engine: what becomes of a commit happens after it is acknowledged. */
  readonly hasJournal: boolean;
  /** The actor forgets deletions at once. */
  readonly hasShortMemory: boolean;
};

type SqlRow = [key: string, text: string | null, seq: number];
type Incarnation = {
  service: ActorService | undefined;
  readonly ends: UnluckyEnd[];
  isDead: boolean;
  isFenced: boolean;
};

const startRetryMs = 100;
const hangMs = 12_000;

/** A reactive state actor without an engine, which suffers what is planned: it sleeps, is killed or moved, its storage fails. */
export class UnluckyActor {
  readonly #history: CommitHistory;
  readonly #frames: FrameFate[];
  readonly #commits: CommitFate[];
  readonly #hooks: () => ReactiveStateActorHooks;
  readonly #local: string | undefined;
  readonly #hasSmallMessages: boolean;
  readonly #hasShortMemory: boolean;
  /** In memory: the time of this test does not wait for a real one. */
  readonly #disk: Disk | undefined;
  readonly #sqlite = new DatabaseSync(":memory:");
  readonly #batches = new BatchLog();
  #current: Incarnation | undefined;
  #isUnreachable = false;
  #recordedSeq = -1;

  constructor(
    { frames, commits, hooks, local, hasSmallMessages, hasJournal, hasShortMemory }: Plan,
    history: CommitHistory,
  ) {
    this.#history = history;
    this.#frames = [...frames];
    this.#commits = [...commits];
    this.#hooks = hooks;
    this.#local = local;
    this.#hasSmallMessages = hasSmallMessages;
    this.#hasShortMemory = hasShortMemory;
    this.#disk = hasJournal ? new Machine(() => 0.5).start().disk : undefined;
  }

  /** Opens the end that a backend uses. */
  open(actorId: string): UnluckyEnd {
    const incarnation = this.#current;
    if (!incarnation?.service) throw new Error("The actor is not there.");
    const { service } = incarnation;
    const { instance } = service.store;
    const elsewhere = (frame: string): string =>
      actorId === this.#local ? frame : frame.replaceAll(instance, "elsewhere");
    const [client, server] = createUnluckyWire(() => this.#frames.shift() ?? "prompt", elsewhere);
    incarnation.ends.push(server);
    serveReplica(service, server, actorAudience("reactiveState", [actorId]));
    return client;
  }

  /** The next incarnation starts, and tries again until it can. */
  start(): void {
    const incarnation: Incarnation = { service: undefined, ends: [], isDead: false, isFenced: false };
    this.#current = incarnation;
    const open = async (): Promise<void> => {
      const store = await SignalStore.open(
        await this.#openHandle(incarnation),
        this.#hasShortMemory ? { maxDeletedKeys: 0 } : {},
      );
      if (this.#hasSmallMessages) limitMessages(store);
      this.#batches.watch(store);
      const settings = { hooks: this.#hooks(), maxValueBytes: 256 * 1024 };
      const service = new ActorService({ store, settings: () => settings, context });
      incarnation.service = service;
      hostedServices.set(store.instance, service);
    };
    open().catch(() => setTimeout(() => this.#current === incarnation && this.start(), startRetryMs));
  }

  /** Ends the incarnation in order, and starts another one. */
  async sleep(): Promise<void> {
    const incarnation = this.#current;
    if (!incarnation?.service) return;
    const { service } = incarnation;
    incarnation.service = undefined;
    hostedServices.delete(service.store.instance);
    await service.close();
    if (this.#current === incarnation) this.start();
  }

  /** The process of the actor is gone, with its connections. */
  kill(): void {
    const incarnation = this.#current;
    if (!incarnation) return;
    incarnation.isDead = true;
    if (incarnation.service) hostedServices.delete(incarnation.service.store.instance);
    for (const end of incarnation.ends) end.cut();
    this.start();
  }

  /** Another incarnation takes over; the old one does not know, and its connections stay for a while. */
  move(): void {
    const incarnation = this.#current;
    if (!incarnation?.service) return;
    incarnation.isFenced = true;
    this.start();
    setTimeout(() => {
      for (const end of incarnation.ends) end.cut();
      hostedServices.delete(incarnation.service!.store.instance);
    }, 4_000);
  }

  cutConnections(): void {
    for (const end of this.#current?.ends ?? []) end.cut();
  }

  /** No more faults. */
  heal(): void {
    this.#frames.length = 0;
    this.#commits.length = 0;
  }

  close(): void {
    hostedServices.clear();
    this.#sqlite.close();
  }

  async #openHandle(incarnation: Incarnation): Promise<StoreHandle> {
    const db: SqlDatabase = { execute: (sql, ...args) => this.#execute(incarnation, sql, args) };
    await migrateSignalStore(db);
    const handle = sqliteHandle(db);
    if (!this.#disk) return handle;
    const before = await journaled({
      handle,
      engine: undefined,
      actor: "unlucky",
      name: "reactiveState/unlucky",
      folder: "/journal/actor",
      disk: this.#disk,
    });
    // What the one before had written, and could not acknowledge any more.
    const found = (await before.load(0)).filter(({ seq }) => seq > this.#recordedSeq);
    if (found.length > 0) this.#record(found);
    return {
      load: (from) => before.load(from),
      remove: (keys, upTo) => before.remove(keys, upTo),
      close: () => before.close(),
      commit: async (rows) => {
        if (incarnation.isDead) return new Promise(() => {});
        await before.commit(rows);
        if (rows[0]!.seq > this.#recordedSeq) this.#record(rows);
      },
    };
  }

  async #execute(incarnation: Incarnation, sql: string, args: unknown[]): Promise<unknown[]> {
    const isCommit = sql.startsWith("INSERT");
    const fate = isCommit ? (this.#commits.shift() ?? "done") : "done";
    if (fate === "slow") await delay(8);
    if (fate.startsWith("hangs")) await delay(hangMs);
    if (fate === "killed before") this.kill();
    if (sql.startsWith("SELECT") && this.#isUnreachable) {
      this.#isUnreachable = false;
      throw new Error("unreachable");
    }
    if (incarnation.isDead) return new Promise(() => {});
    if (incarnation.isFenced) throw new Error("This incarnation has been replaced.");
    if (fate.endsWith("refused")) throw new Error("refused");
    const rows = this.#sqlite.prepare(sql).all(...(args as SQLInputValue[]));
    if (isCommit && !this.#disk)
      this.#record((JSON.parse(args[0] as string) as SqlRow[]).map(([key, text, seq]) => ({ key, text, seq })));
    if (fate === "killed after") this.kill();
    if (incarnation.isDead) return new Promise(() => {});
    this.#isUnreachable = fate === "answer lost, then unreachable";
    if (fate.startsWith("answer lost")) throw new Error(fate);
    return rows;
  }

  #record(rows: readonly StoredRow[]): void {
    this.#recordedSeq = rows[0]!.seq;
    const values = rows
      .filter(({ key }) => !key.startsWith("\0"))
      .map(({ key, text }) => [key, text === null ? null : (decodeValue(text) as Path)] as const);
    this.#history.record(
      rows[0]!.seq,
      new Map(values),
      this.#batches.deletedIn(rows.map(({ key, text }) => [key, text])),
    );
  }
}

const context = { actorId: "unlucky" } as HookContext;

/** One value in a message: reads come in several parts, and what was missed is always too much. */
function limitMessages(store: SignalStore): void {
  const read = store.read.bind(store);
  const since = store.since.bind(store);
  store.read = (keys) => read(keys.slice(0, 1));
  store.since = (epoch, seq) => ({ ...since(epoch, seq), rows: null });
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
