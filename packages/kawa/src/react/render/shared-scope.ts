import { type Backend, type Entry, knownBackends } from "../../core/backend/backend.ts";
import type { Read } from "../../core/backend/reads.ts";
import { type CachedReads, compareRead } from "./cached-reads.ts";
import { ready } from "../checks/fulfilled.ts";
import { RenderReads } from "./render-reads.ts";
import { RequestScope } from "./render-scope.ts";

export type SharedRead = Read & { readonly entry: Entry };

/** What a run for all visitors reads and sees. It belongs to no request. */
export class SharedScope extends RequestScope {
  override readonly isForAll = true;
  readonly seen: SharedRead[] = [];
  readonly #own: RenderReads = new RenderReads("", this.snapshots.versions);
  readonly #onPrivate: () => void;

  /** @param onPrivate called when the run reads what may not be the same for all visitors */
  constructor(onPrivate: () => void) {
    super();
    this.#onPrivate = onPrivate;
  }

  override get isDynamic(): boolean {
    return true;
  }

  override get reads(): RenderReads {
    return this.#own;
  }

  override markDynamic(): Promise<void> {
    return ready;
  }

  override noteRead(backend: Backend, key: string, entry: Entry): void {
    if (backend.isGuarded || this.snapshots.isGuarded) this.#onPrivate();
    if (this.#own.has(backend.id, key)) return;
    this.#own.add(backend.id, key);
    this.seen.push({ backend, key, entry });
  }

  override noteCached(cached: CachedReads): void {
    cached.follow((read) => {
      const backend = knownBackends().get(read.backendId);
      const snapshot = backend && this.snapshots.of(backend);
      const entry = snapshot?.entry(read.key).peek();
      // A run for one visitor can tell its browser that it shows less; a run for all cannot.
      if (!entry || compareRead(read, snapshot!.version, entry) !== "same") this.#onPrivate();
      else this.noteRead(backend!, read.key, entry);
    });
  }

  /** True while nothing of what was read has changed. */
  get isCurrent(): boolean {
    return this.seen.every(({ backend, key, entry }) => backend.entry(key).peek() === entry);
  }
}
