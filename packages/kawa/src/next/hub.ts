import { type Backend, type Change, knownBackends } from "../core/backend.ts";
import { processState } from "../core/process-state.ts";
import { effect } from "../core/effect.ts";
import { untracked } from "../core/reactive.ts";
import { installViewers } from "../core/viewers.ts";
import type { VersionVector } from "../core/version.ts";
import { pageReads } from "../react/page-reads.ts";

export type HubListener = {
  /** Paths whose renders the browser may show; undefined when this server cannot know what they have read. */
  readonly paths: readonly string[] | undefined;
  onChange(): void;
};

/** Tells the open streams of this process about changes of what their pages have read. */
export class Hub {
  readonly #listeners = new Set<HubListener>();
  /** How many listeners show each path. */
  readonly #openPaths = new Map<string, number>();
  readonly #unsubscribe = new Map<Backend, () => void>();

  constructor() {
    effect(() => {
      const backends = knownBackends.value;
      untracked(() => this.#watch(new Set(backends.values())));
    });
  }

  /** Versions that this process has reached. */
  get versions(): VersionVector {
    const connected = [...knownBackends.peek().values()].filter(({ version }) => version.epoch !== "");
    return Object.fromEntries(connected.map((backend) => [backend.id, backend.version]));
  }

  listen(listener: HubListener): () => void {
    this.#listeners.add(listener);
    this.#count(listener, 1);
    return () => {
      if (this.#listeners.delete(listener)) this.#count(listener, -1);
    };
  }

  /** True when a browser is open whose pages have read a key. Where no path is known at all, any open browser may show it. */
  isShown(backendId: string, key: string): boolean {
    if (pageReads().isEmpty) return this.#listeners.size > 0;
    return [...this.#openPaths.keys()].some((path) => pageReads().hasRead(path, backendId, key));
  }

  /** True when a page that was rendered at `shown` may show something old. */
  hasChanged(paths: readonly string[] | undefined, shown: VersionVector): boolean {
    if (paths === undefined) return this.#hasPathChanged(undefined, shown);
    return paths.some((path) => this.#hasPathChanged(path, shown));
  }

  #count({ paths = [] }: HubListener, by: 1 | -1): void {
    for (const path of paths) {
      const count = (this.#openPaths.get(path) ?? 0) + by;
      if (count === 0) this.#openPaths.delete(path);
      else this.#openPaths.set(path, count);
    }
  }

  #hasPathChanged(path: string | undefined, shown: VersionVector): boolean {
    const keys = path === undefined ? undefined : pageReads().keysOf(path);
    for (const backend of knownBackends.peek().values()) {
      const { epoch, seq } = backend.version;
      const before = shown[backend.id];
      if (epoch === "") {
        // It announces its history when it is connected.
        backend.load([]).catch(() => {});
        continue;
      }
      if (before?.epoch === epoch && before.seq >= seq) continue;
      if (!keys) return true;
      // Of another history nothing is current.
      const since = before?.epoch === epoch ? before.seq : -1;
      if (readsOf(keys, backend).some((key) => backend.entry(key).peek().seq > since)) return true;
    }
    return false;
  }

  #watch(backends: ReadonlySet<Backend>): void {
    for (const [backend, unsubscribe] of this.#unsubscribe) {
      if (backends.has(backend)) continue;
      unsubscribe();
      this.#unsubscribe.delete(backend);
    }
    for (const backend of backends) {
      if (this.#unsubscribe.has(backend)) continue;
      this.#unsubscribe.set(
        backend,
        backend.onChange((change) => this.#announce(backend, change)),
      );
    }
  }

  #announce(backend: Backend, { keys }: Change): void {
    // Thousands of streams may show one path.
    const concerned = new Map<string, boolean>();
    const isConcerned = (path: string): boolean => {
      let found = concerned.get(path);
      if (found === undefined) {
        found = keys.some((key) => pageReads().mayShow(path, backend.id, key));
        concerned.set(path, found);
      }
      return found;
    };
    for (const { paths, onChange } of this.#listeners) {
      if (paths === undefined || keys.length === 0 || paths.some(isConcerned)) onChange();
    }
  }
}

function readsOf(keys: ReadonlySet<string>, backend: Backend): string[] {
  const prefix = `${backend.id}\n`;
  return [...keys].filter((id) => id.startsWith(prefix)).map((id) => id.slice(prefix.length));
}

export function hub(): Hub {
  return processState("hub", () => {
    const made = new Hub();
    installViewers(made);
    return made;
  });
}
