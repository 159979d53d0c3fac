import type { Backend, BackendStatus, Change, Entry, Updater } from "../core/backend.ts";
import { clip, KawaError } from "../core/errors.ts";
import type { ReadonlyCell } from "../core/reactive.ts";
import { encodeValue } from "../core/value.ts";
import type { Version } from "../core/version.ts";
import { ActorLink } from "./actor-link.ts";
import type { ActorAddress } from "./connection.ts";
import { Loader } from "./loader.ts";
import { Writer } from "./writer.ts";

/** Longest wait of a read or a write for the actor. A killed engine and server together take seconds to recover. */
const operationTimeoutMs = 30_000;

/** Backend over one actor: one connection and one replica in this process. */
export class RivetBackend implements Backend {
  readonly id: string;
  readonly #link: ActorLink;
  readonly #loader: Loader;
  readonly #writer: Writer;

  constructor(address: ActorAddress) {
    this.#link = new ActorLink(address);
    this.#loader = new Loader(this.#link, operationTimeoutMs);
    this.#writer = new Writer(this.#link, operationTimeoutMs);
    this.id = this.#link.id;
  }

  get version(): Version {
    return this.#link.replica.version;
  }

  get status(): BackendStatus {
    return this.#link.status;
  }

  entry(key: string): ReadonlyCell<Entry> {
    return this.#link.replica.cell(key);
  }

  /** With no keys: resolves when the replica is connected. */
  async load(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) {
      await this.#link.whenConnected(performance.now() + operationTimeoutMs);
      return;
    }
    const missing = keys.filter((key) => !this.#link.replica.isKnown(key));
    await Promise.all(missing.map((key) => this.#loader.load(key)));
  }

  async set(key: string, value: unknown): Promise<void> {
    await this.#writer.write(key, { text: encodeValue(key, value) });
  }

  update(key: string, updater: Updater): Promise<unknown> {
    return this.#writer.write(key, { updater });
  }

  onChange(listener: (change: Change) => void): () => void {
    return this.#link.replica.onChange(listener);
  }

  async close(): Promise<void> {
    if (this.status === "closed") return;
    this.#link.close(new KawaError("BACKEND_CLOSED", `Backend "${clip(this.id)}" was closed.`));
  }
}
