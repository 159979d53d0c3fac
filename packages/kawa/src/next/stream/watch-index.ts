import type { RenderReads } from "../../react/render/render-reads.ts";
import type { Watch } from "./watch.ts";

/** Watches by the backend and the key of which they hear. */
export class WatchIndex {
  readonly #byBackend = new Map<string, Map<string, Set<Watch>>>();

  of(backendId: string, key: string): Iterable<Watch> {
    return this.#byBackend.get(backendId)?.get(key) ?? [];
  }

  /** All watches of a backend. One may come several times. */
  *ofBackend(backendId: string): Iterable<Watch> {
    for (const watches of this.#byBackend.get(backendId)?.values() ?? []) yield* watches;
  }

  has(backendId: string, key: string): boolean {
    return this.#byBackend.get(backendId)?.has(key) ?? false;
  }

  hasBackend(backendId: string): boolean {
    return this.#byBackend.has(backendId);
  }

  add(watch: Watch, backendId: string, key: string): void {
    let byKey = this.#byBackend.get(backendId);
    if (!byKey) this.#byBackend.set(backendId, (byKey = new Map()));
    const watches = byKey.get(key);
    if (watches) watches.add(watch);
    else byKey.set(key, new Set([watch]));
  }

  remove(watch: Watch, backendId: string, key: string): void {
    const byKey = this.#byBackend.get(backendId);
    const watches = byKey?.get(key);
    watches?.delete(watch);
    if (watches?.size === 0) byKey!.delete(key);
    if (byKey?.size === 0) this.#byBackend.delete(backendId);
  }

  /** Adds a watch for each key that a render has read. */
  addReads(watch: Watch, { keys }: RenderReads): void {
    for (const [backendId, ofBackend] of keys) for (const key of ofBackend) this.add(watch, backendId, key);
  }

  removeReads(watch: Watch, { keys }: RenderReads): void {
    for (const [backendId, ofBackend] of keys) for (const key of ofBackend) this.remove(watch, backendId, key);
  }
}
