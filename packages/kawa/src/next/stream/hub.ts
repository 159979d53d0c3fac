import { type Backend, type Change, knownBackends } from "../../core/backend/backend.ts";
import { effect } from "../../core/effect.ts";
import { processState } from "../../core/process/process-state.ts";
import { untracked } from "../../core/process/reactive.ts";
import { installViewers } from "../../core/streams/viewers.ts";
import { formatVersion, type ShownVersions, toShownVersions, type Version } from "../../core/value/version.ts";
import { ChangeLog } from "./change-log.ts";
import { isBehind } from "./is-behind.ts";
import { isCurrent, showsChange } from "./is-current.ts";
import { Watch, type WatchTarget } from "./watch.ts";
import { WatchIndex } from "./watch-index.ts";

type FollowedBackend = {
  log: ChangeLog;
  /** The newest version that tabs were told, with its text. */
  told: Version & { readonly text: string };
  readonly unsubscribe: () => void;
};

/** Tells the open streams of this process about changes of what their renders have read. */
export class Hub {
  readonly #backends = new Map<Backend, FollowedBackend>();
  readonly #watches = new Set<Watch>();
  readonly #byKey = new WatchIndex();
  /** Watches of one key each, whose value a stream carries. The index has them too. */
  readonly #ofValues = new Set<Watch>();
  /** Watches of renders that this process does not know, or that have read too much. */
  readonly #ofEverything = new Set<Watch>();
  #changeCount = 0;

  constructor() {
    effect(() => {
      const backends = knownBackends.value;
      untracked(() => this.#follow(new Set(backends.values())));
    });
  }

  /** Versions that this process has reached. Browsers are told only those that concern them. */
  get versions(): ShownVersions {
    const versions = Array.from(this.#backends.keys(), ({ version }) => version);
    return toShownVersions(versions.filter(({ epoch }) => epoch !== ""));
  }

  /** How often something has changed. A tab that was current at this count still is. */
  get changeCount(): number {
    return this.#changeCount;
  }

  /** The versions of some backends, as text. It is asked for at each change and tab, so each text is made once. */
  formatVersions(concerns: (backend: Backend) => boolean): string {
    let text = "";
    for (const [backend, followed] of this.#backends) {
      const { version } = backend;
      if (version.epoch === "" || !concerns(backend)) continue;
      if (!isSame(followed.told, version)) followed.told = { ...version, text: formatVersion(version) };
      text = text === "" ? followed.told.text : `${text};${followed.told.text}`;
    }
    return text;
  }

  /** Calls `onChange` at each change of what a render has read, or reads from now on. Also for changes that it has missed. */
  watch(target: WatchTarget): Watch {
    const watch = new Watch(this, target);
    const { render } = target;
    this.#watches.add(watch);
    if (!render || render.isEverything) this.#ofEverything.add(watch);
    else {
      render.follow(watch);
      this.#byKey.addReads(watch, render);
    }
    for (const backend of this.#backends.keys()) void this.#compare(watch, backend);
    return watch;
  }

  /** Ends a watch. Idempotent. */
  unwatch(watch: Watch): void {
    const { render } = watch.target;
    this.#watches.delete(watch);
    this.#ofEverything.delete(watch);
    if (!render) return;
    render.unfollow(watch);
    this.#byKey.removeReads(watch, render);
  }

  /** The render that is watched has read one more key. */
  noteRead(watch: Watch, backendId: string, key: string): void {
    if (watch.target.render!.isEverything) this.#ofEverything.add(watch);
    else this.#byKey.add(watch, backendId, key);
    // A late part of the render reads the version of its first, and the key may have changed since.
    for (const backend of this.#backends.keys())
      if (backend.id === backendId) void this.#compare(watch, backend, new Set([key]));
  }

  /** A backend of which what is watched is known to show an old version. */
  behind(target: WatchTarget): Backend | undefined {
    for (const [backend, { log }] of this.#backends) if (isBehind(target, backend, log)) return backend;
    return undefined;
  }

  /** The render that is watched shows less of a backend than it has told. */
  noteOlder({ target }: Watch, backendId: string): void {
    for (const backend of this.#backends.keys()) if (backend.id === backendId) target.onChange(backend);
  }

  /** Calls `onChange` at each change of a key from now on, and when its backend has another history. */
  watchKey(backendId: string, key: string, onChange: () => void): () => void {
    const watch = new Watch(this, { render: undefined, versions: {}, onChange });
    this.#ofValues.add(watch);
    this.#byKey.add(watch, backendId, key);
    return () => {
      this.#ofValues.delete(watch);
      this.#byKey.remove(watch, backendId, key);
    };
  }

  /** True when some browser shows a render that has read the key, or one that this process does not know. */
  isShown(backendId: string, key: string): boolean {
    return this.#ofEverything.size > 0 || this.#byKey.has(backendId, key);
  }

  /** Calls `onChange` when the backend may have changed after the render and before the watch. */
  async #compare(watch: Watch, backend: Backend, late?: ReadonlySet<string>): Promise<void> {
    const { target } = watch;
    const isEverything = !target.render || target.render.isEverything;
    const keys = isEverything ? undefined : watchedKeys(target, backend.id, late);
    if (keys?.size === 0) return;
    try {
      await backend.load([]);
      const log = this.#backends.get(backend)?.log;
      if (log && (await isCurrent(target, backend, log, keys))) return;
    } catch {
      // The backend is away or closed; it is compared again when it is connected.
      return;
    }
    if (this.#watches.has(watch)) target.onChange(backend);
  }

  #follow(backends: ReadonlySet<Backend>): void {
    for (const [backend, { unsubscribe }] of this.#backends) {
      if (backends.has(backend)) continue;
      unsubscribe();
      this.#backends.delete(backend);
    }
    for (const backend of backends) {
      if (this.#backends.has(backend)) continue;
      const unsubscribe = backend.onChange((change) => this.#onChange(backend, change));
      this.#backends.set(backend, {
        log: new ChangeLog(backend.version),
        told: { epoch: "", seq: 0, text: "" },
        unsubscribe,
      });
    }
  }

  #onChange(backend: Backend, change: Change): void {
    this.#changeCount += 1;
    if (change.keys.length === 0) {
      // No keys: the backend is connected for the first time, or has another history.
      this.#backends.get(backend)!.log = new ChangeLog(change.version);
      for (const watch of this.#watches) void this.#compare(watch, backend);
      for (const { target } of this.#ofValues) target.onChange(backend);
      return;
    }
    this.#backends.get(backend)!.log.add(change);
    for (const key of change.keys) {
      for (const { target } of this.#byKey.of(backend.id, key)) {
        if (target.except?.has(backend.id, key)) continue;
        if (target.render?.hiddenFrom(backend.id, key) === undefined) target.onChange(backend);
        else void tellIfShown(target, backend, key);
      }
    }
    for (const { target } of this.#ofEverything) target.onChange(backend);
  }
}

/** Tells of a key that hooks may hide from the visitor, when they do so no longer. */
async function tellIfShown(target: WatchTarget, backend: Backend, key: string): Promise<void> {
  if (await showsChange(target, backend, [key])) target.onChange(backend);
}

/** Keys of a backend whose changes concern what is watched, or those of them that are `late`. */
function watchedKeys(
  { render, except }: WatchTarget,
  backendId: string,
  late?: ReadonlySet<string>,
): ReadonlySet<string> {
  const keys = late ?? render?.keys.get(backendId) ?? new Set<string>();
  return except ? new Set([...keys].filter((key) => !except.has(backendId, key))) : keys;
}

function isSame(one: Version, other: Version): boolean {
  return one.seq === other.seq && one.epoch === other.epoch;
}

export function hub(): Hub {
  return processState("hub", () => {
    const made = new Hub();
    installViewers(made);
    return made;
  });
}
