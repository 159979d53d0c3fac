import type { OperationOptions, Reader, Snapshot } from "../../core/backend/backend.ts";
import type { ReadAt } from "../../core/backend/pinned-snapshot.ts";
import { wasRead } from "../../core/memory/build-backend.ts";
import { currentHook } from "../hooks/hook-chain.ts";
import type { ActorLink } from "./actor-link.ts";
import type { BuildTime } from "./build-time.ts";
import type { Operation } from "./context-of.ts";
import type { Declarations } from "./declarations.ts";
import type { Row } from "../wire/protocol.ts";
import { GuardedReader, GuardedSnapshot } from "./guarded-reader.ts";
import { PassingReader } from "./passing-reader.ts";
import { readAt } from "./read-keys.ts";

export type ReadersOptions = {
  readonly link: ActorLink;
  readonly declarations: Declarations;
  readonly build: BuildTime;
  /** What the replica shows. */
  readonly live: Reader;
  readonly timeoutMs: number;
  readonly contextOf: (options: OperationOptions | undefined, operation: Operation) => Promise<string | undefined>;
  readonly isGuardedFor: (origin: OperationOptions["origin"]) => boolean;
};

/** Readers of a backend: the replica itself, or what one identity may see. */
export class Readers {
  readonly #options: ReadersOptions;

  constructor(options: ReadersOptions) {
    this.#options = options;
  }

  async readerFor(options?: OperationOptions): Promise<Reader> {
    const { link, declarations, build, live, timeoutMs, contextOf, isGuardedFor } = this.#options;
    // At build time this backend refuses the first read, and names its key.
    if (build.isNow) return live;
    const { origin } = options ?? {};
    const from = currentHook();
    const context = contextOf(options, "read");
    await this.whenConnected();
    if (!isGuardedFor(origin)) return origin === "browser" ? this.#passingReader() : live;
    return new GuardedReader({ link, declarations, context: await context, origin, from, timeoutMs });
  }

  openSnapshot(): Snapshot | undefined {
    const { replica, proof } = this.#options.link;
    return replica.isGuarded || replica.version.epoch === "" || proof.isNeeded ? undefined : this.#pin();
  }

  async snapshotFor(options?: OperationOptions): Promise<Snapshot> {
    const { link, declarations, build, timeoutMs, contextOf } = this.#options;
    build.refuse(() => wasRead([]));
    const from = currentHook();
    const context = contextOf(options, "snapshot");
    await link.proof.whenGiven();
    const opened = this.openSnapshot();
    if (opened) return opened;
    await this.whenConnected();
    if (!link.replica.isGuarded) return this.#pin();
    return new GuardedSnapshot({ link, declarations, context: await context, from, timeoutMs });
  }

  async whenConnected(): Promise<void> {
    const { link, timeoutMs } = this.#options;
    await link.proof.whenGiven();
    await link.whenConnected(performance.now() + timeoutMs);
  }

  /** Loads keys into the replica, once the actor knows their collections. */
  async read(keys: readonly string[], onRow?: (row: Row) => void): Promise<ReadonlyMap<string, unknown>> {
    const { link, declarations, timeoutMs } = this.#options;
    const due = declarations.due(keys);
    if (due) await due;
    return link.ask(performance.now() + timeoutMs, (connection) => link.read(connection, keys, onRow));
  }

  #passingReader(): Reader {
    const { link } = this.#options;
    return new PassingReader({
      replica: link.replica,
      read: (keys, onRow) => this.read(keys, onRow),
    });
  }

  #pin(): Snapshot {
    const { link, live, timeoutMs } = this.#options;
    const at: ReadAt = (keys, version) =>
      link.ask(performance.now() + timeoutMs, (connection) => readAt(connection, keys, version));
    const { replica } = link;
    return replica.snapshots.open({ version: replica.version, live, readAt: at });
  }
}
