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
import { refuseFrozen, wasListed, wasRead, wasWritten } from "../../core/memory/build-backend.ts";
import type { ReadonlyCell } from "../../core/process/reactive.ts";
import { isReadingForAll } from "../../core/backend/reads.ts";
import { inTurn } from "../../core/process/turn-budget.ts";
import { encodeValue } from "../../core/value/value.ts";
import type { ReadAt } from "../../core/backend/pinned-snapshot.ts";
import type { Version } from "../../core/value/version.ts";
import type { LostHost } from "../engine/lost-host.ts";
import { ActorLink } from "./actor-link.ts";
import type { Connection } from "./connection.ts";
import { createStreamRegistry } from "./actor-streams.ts";
import { listRows, valuesOf } from "./list-rows.ts";
import type { ActorAddress } from "./open-socket.ts";
import { readAt } from "./read-keys.ts";
import type { GetContext } from "../identity/context.ts";
import { BuildTime } from "./build-time.ts";
import { contextOf, type Operation } from "./context-of.ts";
import { GuardedReader, GuardedSnapshot, seesValue } from "./guarded-reader.ts";
import { currentHook } from "../hooks/hook-chain.ts";
import { Rest } from "./rest.ts";
import { Loader } from "../../core/backend/loader.ts";
import { PassingReader } from "./passing-reader.ts";
import { isGuardedFor, type Requests, type Row } from "../wire/protocol.ts";
import type { KeyChange } from "./queued-write.ts";
import { Writer } from "./writer.ts";

/** Longest wait for the actor: a killed engine keeps for 30 s what it held, and a browser waits for 40 s. */
const operationTimeoutMs = 38_000;

export type RivetBackendOptions = ActorAddress & {
  readonly getContext?: GetContext | undefined;
  /** Largest encoded value, in bytes. @default 262_144 (256 KiB) */
  readonly maxValueBytes?: number | undefined;
  readonly lostHost?: LostHost | undefined;
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
  readonly #writer: Writer;
  readonly #build: BuildTime;
  readonly rest: Rest;

  constructor({ getContext, maxValueBytes, lostHost, ...address }: RivetBackendOptions) {
    this.#link = new ActorLink(address, lostHost);
    this.#loader = new Loader((keys) => this.#ask((connection) => this.#link.read(connection, keys)), {
      isApart: () => this.isGuarded && this.#link.isLocal,
    });
    this.#writer = new Writer({ link: this.#link, timeoutMs: operationTimeoutMs, maxValueBytes });
    this.rest = new Rest(this.#link, this.#writer);
    this.#build = new BuildTime(() => this.#link.hooked !== undefined);
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
      if (keys.length === 0) return await this.#whenConnected();
      await this.#link.proof.whenGiven();
      const missing = keys.filter((key) => !this.#link.replica.isKnown(key));
      if (missing.length > 0) await this.#loader.load(missing);
    } finally {
      const pause = this.#build.pauseIfDue();
      if (pause) await pause;
    }
  }

  async #whenConnected(): Promise<void> {
    await this.#link.proof.whenGiven();
    await this.#link.whenConnected(performance.now() + operationTimeoutMs);
  }

  async readerFor(options?: OperationOptions): Promise<Reader> {
    // At build time this backend refuses the first read, and names its key.
    if (this.#build.isNow) return this;
    const { origin } = options ?? {};
    const from = currentHook();
    const context = this.#contextOf(options, "read");
    await this.#whenConnected();
    if (!this.#isGuardedFor(origin)) return origin === "browser" ? this.#passingReader() : this;
    return new GuardedReader({ link: this.#link, context: await context, origin, from, timeoutMs: operationTimeoutMs });
  }

  openSnapshot(): Snapshot | undefined {
    return this.isGuarded || this.version.epoch === "" || this.#link.proof.isNeeded ? undefined : this.#pin();
  }

  async snapshotFor(options?: OperationOptions): Promise<Snapshot> {
    this.#build.refuse(() => wasRead([]));
    const from = currentHook();
    const context = this.#contextOf(options, "snapshot");
    await this.#link.proof.whenGiven();
    const opened = this.openSnapshot();
    if (opened) return opened;
    await this.load([]);
    if (!this.isGuarded) return this.#pin();
    return new GuardedSnapshot({ link: this.#link, context: await context, from, timeoutMs: operationTimeoutMs });
  }

  async seesValue(key: string, identity: string): Promise<boolean> {
    return seesValue(key, { link: this.#link, context: identity || undefined, timeoutMs: operationTimeoutMs });
  }

  set(key: string, value: unknown, options?: WriteOptions): Promise<void> {
    const { ttlMs, expect } = options ?? {};
    const change = (): KeyChange => ({ key, text: encodeValue(key, value, this.#maxValueBytes), ttlMs, expect });
    const write = async (): Promise<void> => void (await this.#write(change, options));
    return writtenTo({ name: "set", of: { key }, by: this.set }, write, nothing);
  }

  update(key: string, updater: Updater, options?: UpdateOptions): Promise<unknown> {
    const write = (): Promise<unknown> => this.#write(() => ({ key, updater, ttlMs: options?.ttlMs }), options);
    return writtenTo({ name: "update", of: { key }, by: this.update }, write, () => valueNow(this, key, options));
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

  async keys(prefix: string, options?: OperationOptions): Promise<readonly string[]> {
    const rows = await this.#list({ prefix, withValues: false, after: "" }, options);
    return rows.map(([key]) => key);
  }

  async entries(prefix: string, options?: OperationOptions): Promise<ReadonlyMap<string, unknown>> {
    return valuesOf(await this.#list({ prefix, withValues: true, after: "" }, options));
  }

  onChange(listener: (change: Change) => void, options?: { readonly isPassive?: boolean }): () => void {
    return this.#link.replica.onChange(listener, options?.isPassive);
  }

  async close(): Promise<void> {
    if (this.status !== "closed")
      this.#link.close(new KawaError("BACKEND_CLOSED", `Backend "${clip(this.id)}" was closed.`));
  }

  #passingReader(): Reader {
    return new PassingReader({
      replica: this.#link.replica,
      read: (keys, onRow) => this.#ask((connection) => this.#link.read(connection, keys, onRow)),
    });
  }

  #pin(): Snapshot {
    const at: ReadAt = (keys, version) => this.#ask((connection) => readAt(connection, keys, version));
    return this.#link.replica.snapshots.open({ version: this.version, live: this, readAt: at });
  }

  async #write(change: () => KeyChange, options: OperationOptions | undefined): Promise<unknown> {
    try {
      const changed = change();
      this.#build.refuse(() => wasWritten("clear" in changed ? changed.clear : changed.key));
      const context = this.#contextOf(options, "write");
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

  #list(first: Requests["list"], options: OperationOptions | undefined): Promise<Row[]> {
    const list = async (): Promise<Row[]> => {
      this.#build.refuse(() => wasListed(first.prefix));
      const context = this.#contextOf(options, "list");
      return listRows(first, { link: this.#link, context, from: currentHook(), timeoutMs: operationTimeoutMs });
    };
    return this.#build.isNow ? list() : inTurn(list);
  }
}

const nothing = async (): Promise<void> => {};
