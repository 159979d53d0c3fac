import { type Backend, type Change, fewBackends } from "../../core/backend/backend.ts";
import { processState } from "../../core/process/process-state.ts";
import { installViewers } from "../../core/streams/viewers.ts";
import type { ShownVersions } from "../../core/value/version.ts";
import { FollowedBackends } from "./followed-backends.ts";
import { isBehind } from "./is-behind.ts";
import { isCurrent, showsChange } from "./is-current.ts";
import { showsBackend } from "./shown-version.ts";
import { Watch, type WatchTarget } from "./watch.ts";
import { WatchIndex } from "./watch-index.ts";

/** Something that is shown is known to be old. No backend: this process does not hear of it at all. */
export type Behind = { readonly backend: Backend | undefined };

/** Tells the open streams of this process about changes of what their renders have read. */
export class Hub {
  readonly #backends = new FollowedBackends((backend, change) => this.#onChange(backend, change));
  readonly #watches = new Set<Watch>();
  readonly #byKey = new WatchIndex();
  /** Watches of one key each, whose value a stream carries. The index has them too. */
  readonly #ofValues = new Set<Watch>();
  /** Watches of renders that this process does not know, or that have read too much. */
  readonly #ofEverything = new Set<Watch>();
  #changeCount = 0;

  /** Versions that this process has reached. Browsers are told only those that concern them. */
  get versions(): ShownVersions {
    return this.#backends.versions;
  }

  /** How often something has changed. A tab that was current at this count still is. */
  get changeCount(): number {
    return this.#changeCount;
  }

  /** The versions of the backends of which something is shown, as text. */
  formatVersions(targets: Iterable<Pick<WatchTarget, "render" | "versions">>): string {
    const backends = new Set<Backend>();
    for (const target of targets) for (const backend of this.#backends.shownBy(target)) backends.add(backend);
    return this.#backends.formatVersions(backends);
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
    for (const backend of this.#comparedTo(target)) void this.#compare(watch, backend);
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
    const backend = this.#backends.get(backendId);
    if (backend) void this.#compare(watch, backend, new Set([key]));
  }

  /** Tells what is known to be old of what is watched: a backend, or something of which no backend is here. */
  behind(target: WatchTarget): Behind | undefined {
    const isAny = !target.render || target.render.isEverything;
    for (const backend of isAny ? this.#backends.all() : this.#backends.shownBy(target)) {
      const log = this.#backends.logOf(backend);
      if (log && isBehind(target, backend, log)) return { backend };
    }
    return this.#isUnheard(target) ? { backend: undefined } : undefined;
  }

  /** The render that is watched shows less of a backend than it has told. */
  noteOlder({ target }: Watch, backendId: string): void {
    const backend = this.#backends.get(backendId);
    if (backend) target.onChange(backend);
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

  /** True when some browser shows something of the backend, as far as that is known. */
  isWatched(backendId: string): boolean {
    if (this.#byKey.hasBackend(backendId)) return true;
    const backend = this.#backends.get(backendId);
    return backend !== undefined && [...this.#ofEverything].some(({ target }) => showsBackend(target, backend));
  }

  /** Calls `onChange` when the backend may have changed after the render and before the watch. */
  async #compare(watch: Watch, backend: Backend, late?: ReadonlySet<string>): Promise<void> {
    const { target } = watch;
    const isEverything = !target.render || target.render.isEverything;
    const keys = isEverything ? undefined : watchedKeys(target, backend.id, late);
    if (keys?.size === 0) return;
    try {
      await backend.load([]);
      const log = this.#backends.logOf(backend);
      if (log && (await isCurrent(target, backend, log, keys))) return;
    } catch {
      // The backend is away or closed; it is compared again when it is connected.
      return;
    }
    if (this.#watches.has(watch)) target.onChange(backend);
  }

  /** Backends that may have changed since what is watched was rendered. */
  *#comparedTo(target: WatchTarget): Iterable<Backend> {
    if (target.render && !target.render.isEverything) return yield* this.#backends.shownBy(target);
    const areConnected = this.#backends.size <= fewBackends;
    for (const backend of this.#backends.all()) if (areConnected || backend.status !== "idle") yield backend;
  }

  /**
   * True when what is watched shows a backend of which this process hears nothing: the app makes its backends as they are asked for, and
   * nobody has asked here.
   */
  #isUnheard({ render, versions }: WatchTarget): boolean {
    if (render) return [...render.keys.keys()].some((id) => !this.#backends.get(id));
    const isUnknown = (epoch: string): boolean => epoch !== "" && !this.#backends.ofEpoch(epoch);
    if (!Object.keys(versions).some(isUnknown)) return false;
    // One that is about to be connected may be it.
    for (const { status } of this.#backends.all())
      if (status === "connecting" || (status === "idle" && this.#backends.size <= fewBackends)) return false;
    return true;
  }

  #onChange(backend: Backend, change: Change): void {
    this.#changeCount += 1;
    if (change.keys.length === 0) {
      // No keys: the backend is connected for the first time, or has another history.
      for (const watch of new Set([...this.#byKey.ofBackend(backend.id), ...this.#ofEverything])) {
        if (this.#ofValues.has(watch)) watch.target.onChange(backend);
        else void this.#compare(watch, backend);
      }
      return;
    }
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

export function hub(): Hub {
  return processState("hub", () => {
    const made = new Hub();
    installViewers(made);
    return made;
  });
}
