import type {
  Backend,
  Change,
  DeleteOptions,
  Entry,
  OperationOptions,
  Reader,
  Snapshot,
  UpdateOptions,
  Updater,
  WriteOptions,
} from "../../core/backend/backend.ts";
import { clip, KawaError } from "../../core/errors/errors.ts";
import { valueNow, writtenTo } from "../../core/work/written.ts";
import { refuseFrozen, wasRead, wasWritten } from "../../core/memory/build-backend.ts";
import type { ReadonlyCell } from "../../core/process/reactive.ts";
import { isReadingForAll } from "../../core/backend/reads.ts";
import { type CommutingChange, kindOf } from "../../core/value/commuting.ts";
import { encodeValue } from "../../core/value/value.ts";
import type { PresentEntry } from "../../core/backend/entry.ts";
import type { Version } from "../../core/value/version.ts";
import type { LostHost } from "../engine/lost-host.ts";
import { ActorLink } from "./actor-link.ts";
import type { Connection } from "./connection.ts";
import { createStreamRegistry } from "./actor-streams.ts";
import { ListedKeys } from "./listed-keys.ts";
import type { ActorAddress } from "./open-socket.ts";
import type { GetContext } from "../identity/context.ts";
import { BuildTime } from "./build-time.ts";
import { contextOf, type Operation } from "./context-of.ts";
import { seesValue } from "./guarded-reader.ts";
import { Readers } from "./readers.ts";
import { Declarations, type DeclarationsOptions } from "./declarations.ts";
import { currentHook } from "../hooks/hook-chain.ts";
import { Rest } from "./rest.ts";
import { Loader } from "../../core/backend/loader.ts";
import { isGuardedFor } from "../wire/protocol.ts";
import { alterationOf, type KeyChange } from "./queued-write.ts";
import { Transactor } from "./transactor.ts";
import type { Attempt } from "../../core/backend/transacting.ts";
import { Writer } from "./writer.ts";

/** Longest wait for the actor: a killed engine keeps for 30 s what it held, and a browser waits for 40 s. */
const operationTimeoutMs = 38_000;

export type RivetBackendOptions = ActorAddress & {
  readonly getContext?: GetContext | undefined;
  /** Largest encoded value, in bytes. @default 262_144 (256 KiB) */
  readonly maxValueBytes?: number | undefined;
  readonly lostHost?: LostHost | undefined;
  readonly checkCollection?: DeclarationsOptions["checkCollection"];
};

/** Backend over one actor: one connection and one replica in this process. */
export class RivetBackend implements Backend {
  readonly id: string;
  readonly streams: Backend["streams"];
  /** Tells who acts; an edit in development changes it. */
  getContext: GetContext | undefined;
  readonly #maxValueBytes: number | undefined;
  readonly #link: ActorLink;
  readonly #loader: Loader;
  readonly #declarations: Declarations;
  readonly #writer: Writer;
  readonly #transactor: Transactor;
  readonly #lists: ListedKeys;
  readonly #reads: Readers;
  readonly #build: BuildTime;
  readonly rest: Rest;

  constructor({ getContext, maxValueBytes, lostHost, checkCollection, ...address }: RivetBackendOptions) {
    this.#link = new ActorLink(address, lostHost);
    this.#declarations = new Declarations({ link: this.#link, timeoutMs: operationTimeoutMs, checkCollection });
    this.#loader = new Loader((keys) => this.#reads.read(keys), {
      isApart: () => this.isGuarded && this.#link.isLocal,
    });
    const declaring = { link: this.#link, declarations: this.#declarations, timeoutMs: operationTimeoutMs };
    this.#writer = new Writer({ ...declaring, maxValueBytes });
    this.#transactor = new Transactor({ ...declaring, maxValueBytes });
    this.rest = new Rest(this.#link, this.#writer);
    this.#build = new BuildTime(() => this.#link.hooked !== undefined);
    const reading = { ...declaring, build: this.#build };
    this.#lists = new ListedKeys({ ...reading, contextOf: (by) => this.#contextOf(by, "list") });
    this.#reads = new Readers({
      ...reading,
      live: this,
      contextOf: (by, operation) => this.#contextOf(by, operation),
      isGuardedFor: (origin) => this.#isGuardedFor(origin),
    });
    this.#maxValueBytes = maxValueBytes;
    this.getContext = getContext;
    this.id = this.#link.id;
    this.streams = createStreamRegistry((request) => this.#ask(request));
  }

  get version(): Version {
    return this.#link.replica.version;
  }

  get status(): Backend["status"] {
    return this.#link.status;
  }

  get isCut(): boolean {
    return this.#link.isCut;
  }

  get ageMs(): number {
    return this.#link.proof.ageMs;
  }

  get isGuarded(): boolean {
    return this.#link.replica.isGuarded;
  }

  get isGuardedForBrowsers(): boolean {
    return this.#isGuardedFor("browser");
  }

  entry(key: string): ReadonlyCell<Entry> {
    if (this.#build.isNow) refuseFrozen(key);
    return this.#link.replica.cell(key);
  }

  /** With no keys: resolves when the replica is connected. */
  async load(keys: readonly string[]): Promise<void> {
    if (this.#build.isNow && isReadingForAll()) return;
    this.#build.refuse(() => wasRead(keys));
    try {
      if (keys.length === 0) return await this.#reads.whenConnected();
      await this.#link.proof.whenGiven();
      const missing = keys.filter((key) => !this.#link.replica.isKnown(key));
      if (missing.length > 0) await this.#loader.load(missing);
    } finally {
      const pause = this.#build.pauseIfDue();
      if (pause) await pause;
    }
  }

  readerFor(options?: OperationOptions): Promise<Reader> {
    return this.#reads.readerFor(options);
  }

  openSnapshot(): Snapshot | undefined {
    return this.#reads.openSnapshot();
  }

  snapshotFor(options?: OperationOptions): Promise<Snapshot> {
    return this.#reads.snapshotFor(options);
  }

  seesValue(key: string, identity: string): Promise<boolean> {
    return seesValue(key, {
      link: this.#link,
      declarations: this.#declarations,
      context: identity || undefined,
      timeoutMs: operationTimeoutMs,
    });
  }

  set(key: string, value: unknown, options?: WriteOptions): Promise<void> {
    const { ttlMs, expect, version } = options ?? {};
    const text = (): string => encodeValue(key, value, this.#maxValueBytes, version);
    const change = (): KeyChange => ({ key, text: text(), ttlMs, expect });
    const write = async (): Promise<void> => void (await this.#write(change, options));
    return writtenTo({ name: "set", of: { key }, by: this.set }, write, nothing);
  }

  update(key: string, updater: Updater, options?: UpdateOptions): Promise<unknown> {
    const { ttlMs, version } = options ?? {};
    const write = (): Promise<unknown> => this.#write(() => ({ key, updater, ttlMs, version }), options);
    return writtenTo({ name: "update", of: { key }, by: this.update }, write, () => valueNow(this, key, options));
  }

  change(key: string, change: CommutingChange, initial: PresentEntry, options?: WriteOptions): Promise<unknown> {
    const alteration = (): KeyChange =>
      alterationOf(key, { change, initial, maxBytes: this.#maxValueBytes, ...options });
    const write = (): Promise<unknown> => this.#write(alteration, options);
    return writtenTo({ name: kindOf(change), of: { key }, by: this.change }, write, nothing);
  }

  async transact(attempt: Attempt, options?: OperationOptions): Promise<void> {
    this.#build.refuse(() => "A transaction was made");
    const from = currentHook();
    const context = from?.isPastHooks ? undefined : await this.#contextOf(options, "write");
    const asked = { context, origin: options?.origin, from, deadline: performance.now() + operationTimeoutMs };
    await this.#transactor.transact(attempt, asked, () => this.snapshotFor(options));
  }

  async renew(key: string, options?: OperationOptions): Promise<boolean> {
    return (await this.#write(() => ({ key, isRenewal: true }), options)) === true;
  }

  delete(key: string, options?: DeleteOptions): Promise<void> {
    const write = async (): Promise<void> =>
      void (await this.#write(() => ({ key, text: null, expect: options?.expect }), options));
    return writtenTo({ name: "delete", of: { key }, by: this.delete }, write, nothing);
  }

  clear(prefix: string, options?: OperationOptions): Promise<void> {
    const write = async (): Promise<void> => void (await this.#write(() => ({ clear: prefix }), options));
    return writtenTo({ name: "clear", of: { key: prefix }, by: this.clear }, write, nothing);
  }

  keys(prefix: string, options?: OperationOptions): Promise<readonly string[]> {
    return this.#lists.keys(prefix, options);
  }

  entries(prefix: string, options?: OperationOptions): Promise<ReadonlyMap<string, unknown>> {
    return this.#lists.entries(prefix, options);
  }

  onChange(listener: (change: Change) => void, options?: { readonly isPassive?: boolean }): () => void {
    return this.#link.replica.onChange(listener, options?.isPassive);
  }

  async close(): Promise<void> {
    if (this.status !== "closed")
      this.#link.close(new KawaError("BACKEND_CLOSED", `Backend "${clip(this.id)}" was closed.`));
  }

  async #write(change: () => KeyChange, options: OperationOptions | undefined): Promise<unknown> {
    try {
      const changed = change();
      this.#build.refuse(() => wasWritten("clear" in changed ? changed.clear : changed.key));
      const context = this.#contextOf(options, "write");
      const due = "key" in changed ? this.#declarations.due([changed.key]) : undefined;
      if (due) await due;
      return await this.#writer.write(changed, { context, origin: options?.origin, from: currentHook() });
    } finally {
      const pause = this.#build.pauseIfDue();
      if (pause) await pause;
    }
  }

  #isGuardedFor(origin: OperationOptions["origin"]): boolean {
    const { hooked } = this.#link;
    return this.isGuarded || (hooked !== undefined && isGuardedFor(hooked, origin));
  }

  #contextOf(options: OperationOptions | undefined, operation: Operation): Promise<string | undefined> {
    return contextOf({ hooked: this.#link.hooked, getContext: this.getContext, operation, ...options });
  }

  #ask<T>(request: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#link.ask(performance.now() + operationTimeoutMs, request);
  }
}

const nothing = async (): Promise<void> => {};
