import type { Backend, Snapshot } from "../../core/backend/backend.ts";
import type { Version } from "../../core/value/version.ts";

/** What one render sees: of each backend one version, pinned when the render first uses it. */
export class RenderSnapshots {
  /** The versions that the render announces: its values are of these, or newer where the old ones are not known any more. */
  readonly versions = new Map<string, Version>();
  readonly #open = new Map<Backend, Snapshot>();
  /** The snapshot that was asked for last. */
  #last: { readonly backend: Backend; readonly snapshot: Snapshot } | undefined;
  readonly #opening = new Map<Backend, Promise<Snapshot>>();
  #isGuarded = false;

  /** True when the render may see other values than the next one. */
  get isGuarded(): boolean {
    return this.#isGuarded;
  }

  /** The snapshot of a backend; undefined where only {@link open} can tell. */
  of(backend: Backend): Snapshot | undefined {
    if (this.#last?.backend === backend) return this.#last.snapshot;
    const found = this.#open.get(backend);
    if (found) {
      this.#last = { backend, snapshot: found };
      return found;
    }
    const opened = backend.openSnapshot();
    return opened && this.#hold(backend, opened);
  }

  async open(backend: Backend): Promise<Snapshot> {
    const found = this.of(backend);
    if (found) return found;
    let opening = this.#opening.get(backend);
    if (!opening) {
      opening = backend.snapshotFor().then((snapshot) => this.#hold(backend, snapshot));
      this.#opening.set(backend, opening);
    }
    return opening;
  }

  /** Announces at least the present version of a backend, also of one that the render has not used. */
  noteVersion(backend: Backend): void {
    const { epoch } = backend.version;
    if (!this.of(backend) && epoch !== "") this.#note(backend.id, backend.version);
  }

  /** The render is over. Idempotent. */
  release(): void {
    for (const snapshot of this.#open.values()) snapshot.release();
    this.#open.clear();
    this.#last = undefined;
    this.#opening.clear();
  }

  /** From now on the render reads the newest versions. */
  renew(): void {
    this.release();
    this.versions.clear();
  }

  #hold(backend: Backend, snapshot: Snapshot): Snapshot {
    const found = this.#open.get(backend);
    if (found) {
      snapshot.release();
      return found;
    }
    this.#open.set(backend, snapshot);
    this.#isGuarded ||= backend.isGuarded;
    this.#note(backend.id, snapshot.version);
    return snapshot;
  }

  #note(id: string, version: Version): void {
    if (version.epoch !== "" && !this.versions.has(id)) this.versions.set(id, version);
  }
}
