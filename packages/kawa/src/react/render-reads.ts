import type { Version } from "../core/version.ts";

const maxKeys = 5_000;

/** Which keys one render has read, and which versions it shows. It grows while the render streams. */
export class RenderReads {
  readonly id: string;
  /** Version of each backend that the render shows at least. */
  readonly versions: Map<string, Version>;
  readonly #keys = new Map<string, Set<string>>();
  readonly #listeners = new Set<(backendId: string, key: string) => void>();
  #replaceListeners: Set<(next: RenderReads) => void> | undefined;
  #keyCount = 0;

  constructor(id: string, versions: Map<string, Version> = new Map()) {
    this.id = id;
    this.versions = versions;
  }

  /** True when the render read too much to keep: any change may concern it. */
  get isEverything(): boolean {
    return this.#keyCount > maxKeys;
  }

  /** Keys by backend. Those of a render that {@link isEverything} are not all. */
  get keys(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#keys;
  }

  add(backendId: string, key: string): void {
    if (this.isEverything) return;
    let keys = this.#keys.get(backendId);
    if (!keys) this.#keys.set(backendId, (keys = new Set()));
    if (keys.has(key)) return;
    keys.add(key);
    this.#keyCount += 1;
    for (const listener of this.#listeners) listener(backendId, key);
  }

  has(backendId: string, key: string): boolean {
    return this.#keys.get(backendId)?.has(key) ?? false;
  }

  /** True when the render depends on everything that `other` depends on. */
  covers(other: RenderReads): boolean {
    if (this.isEverything || other.isEverything) return false;
    for (const [backendId, keys] of other.#keys) for (const key of keys) if (!this.has(backendId, key)) return false;
    return true;
  }

  /** The tab that shows this render has been sent `next` to show instead. */
  replaceWith(next: RenderReads): void {
    for (const listener of [...(this.#replaceListeners ?? [])]) listener(next);
  }

  onReplaced(listener: (next: RenderReads) => void): () => void {
    const listeners = (this.#replaceListeners ??= new Set());
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** Calls `listener` with each key that is read from now on; ask {@link isEverything} then, too. */
  onRead(listener: (backendId: string, key: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
