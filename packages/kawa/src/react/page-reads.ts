import { processState } from "../core/process-state.ts";

const maxPaths = 1_000;
const maxKeysPerPath = 5_000;

/** Which keys the pages of this server have read, by path: what changes matter to a browser that shows the path. */
export class PageReads {
  // In the order of last use.
  readonly #paths = new Map<string, Set<string> | "everything">();

  /** True when no path is known, as in an app whose middleware tells none. */
  get isEmpty(): boolean {
    return this.#paths.size === 0;
  }

  add(path: string, backendId: string, key: string): void {
    const found = this.#paths.get(path);
    if (found === "everything") return;
    const keys = found ?? new Set<string>();
    keys.add(`${backendId}\n${key}`);
    this.#touch(path, keys.size > maxKeysPerPath ? "everything" : keys);
  }

  /** True when a page of this path may show the key. A path that was not rendered here may show anything. */
  mayShow(path: string, backendId: string, key: string): boolean {
    const keys = this.#paths.get(path);
    return keys === undefined || keys === "everything" || keys.has(`${backendId}\n${key}`);
  }

  /** True when a page of this path, rendered here, has read the key, as far as that was kept. */
  hasRead(path: string, backendId: string, key: string): boolean {
    return this.#paths.has(path) && this.mayShow(path, backendId, key);
  }

  /** The keys of a path as `backendId\nkey`, or undefined when it may show anything. */
  keysOf(path: string): ReadonlySet<string> | undefined {
    const keys = this.#paths.get(path);
    return keys === "everything" ? undefined : keys;
  }

  #touch(path: string, keys: Set<string> | "everything"): void {
    this.#paths.delete(path);
    this.#paths.set(path, keys);
    if (this.#paths.size > maxPaths) this.#paths.delete(this.#paths.keys().next().value!);
  }
}

export function pageReads(): PageReads {
  return processState("page-reads", () => new PageReads());
}
