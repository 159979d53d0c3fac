import { type Backend, type Change, knownBackends } from "../../core/backend/backend.ts";
import { effect } from "../../core/effect.ts";
import { processState } from "../../core/process/process-state.ts";
import { untracked } from "../../core/process/reactive.ts";
import { installViewers } from "../../core/streams/viewers.ts";
import { formatVersion, type ShownVersions, toShownVersions, type Version } from "../../core/value/version.ts";
import type { RenderFollower, RenderReads } from "../../react/render/render-reads.ts";
import { ChangeLog } from "./change-log.ts";

/** What somebody shows, and wants to hear of. */
export interface WatchTarget {
  /** Undefined for a render that this process does not know: any change may concern it. */
  readonly render: RenderReads | undefined;
  /** What this render has read does not count. */
  readonly except?: RenderReads | undefined;
  /** Versions that are shown, of a render that is not known or of a fragment: what a fragment shows changes. */
  readonly versions: ShownVersions;
  /** What the render shows of a backend is, or may be, older than what there is. */
  onChange(backend: Backend): void;
}

/** Lasts until {@link stop}. */
export class Watch implements RenderFollower {
  readonly target: WatchTarget;
  readonly #hub: Hub;

  constructor(hub: Hub, target: WatchTarget) {
    this.#hub = hub;
    this.target = target;
  }

  onRead(backendId: string, key: string): void {
    this.#hub.noteRead(this, backendId, key);
  }

  onOlder(backendId: string): void {
    this.#hub.noteOlder(this, backendId);
  }

  stop(): void {
    this.#hub.unwatch(this);
  }
}

/** How far the clocks of servers may differ, and how late a server may hear of a change. */
const clockMarginMs = 5_000;

const noKeys: ReadonlySet<string> = new Set();

type Followed = {
  log: ChangeLog;
  /** The version that tabs were told of, written once for all. */
  told: Version & { readonly text: string };
  readonly unsubscribe: () => void;
};

/** Tells the open streams of this process about changes of what their renders have read. */
export class Hub {
  readonly #backends = new Map<Backend, Followed>();
  readonly #watches = new Set<Watch>();
  /** By backend and key. */
  readonly #byKey = new Map<string, Map<string, Set<Watch>>>();
  /** Of one key each, whose values streams carry. They are among those by key. */
  readonly #ofValues = new Set<Watch>();
  /** Of renders that nobody here knows, or that have read too much. */
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

  /** How often something has changed: who was current at this count still is. */
  get changeCount(): number {
    return this.#changeCount;
  }

  /** As {@link formatVersions} writes those of some backends. Each change asks once for each tab. */
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

  /** Calls `onChange` at each change from now on of what a render has read or goes on to read, and for those it has missed. */
  watch(target: WatchTarget): Watch {
    const watch = new Watch(this, target);
    const { render } = target;
    this.#watches.add(watch);
    if (!render || render.isEverything) this.#ofEverything.add(watch);
    else {
      render.follow(watch);
      eachKey(render, (backendId, key) => this.#add(watch, backendId, key));
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
    eachKey(render, (backendId, key) => this.#remove(watch, backendId, key));
  }

  /** The render that is watched has read one more key. */
  noteRead(watch: Watch, backendId: string, key: string): void {
    if (watch.target.render!.isEverything) this.#ofEverything.add(watch);
    else this.#add(watch, backendId, key);
    // A late part of the render reads the version of its first, and the key may have changed since.
    for (const backend of this.#backends.keys())
      if (backend.id === backendId) void this.#compare(watch, backend, new Set([key]));
  }

  /**
   * A backend of which what is watched shows less than there is; undefined where it is current, and where nobody knows without asking an
   * actor or hooks. Costs a look at each key, and waits for nothing.
   */
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
    this.#add(watch, backendId, key);
    return () => {
      this.#ofValues.delete(watch);
      this.#remove(watch, backendId, key);
    };
  }

  /** True when a browser is open whose renders have read a key, or are not known here. */
  isShown(backendId: string, key: string): boolean {
    return this.#ofEverything.size > 0 || (this.#byKey.get(backendId)?.has(key) ?? false);
  }

  /** Calls `onChange` when the render may show something of a backend that has changed before it was watched. */
  async #compare(watch: Watch, backend: Backend, late?: ReadonlySet<string>): Promise<void> {
    const { target } = watch;
    const { render } = target;
    const isEverything = !render || render.isEverything;
    const keys = isEverything ? undefined : keysOf(target, backend.id, late);
    if (keys?.size === 0) return;
    try {
      await backend.load([]);
      if (await this.#isCurrent(backend, keys, target)) return;
      if (isEverything && this.#isUnchangedSince(backend, target.versions)) return;
    } catch {
      // The backend is away or closed; it is compared again when it is connected.
      return;
    }
    if (this.#watches.has(watch)) target.onChange(backend);
  }

  /** For a backend that a render does not name: nobody here knows whether a late part of it has read from there. */
  #isUnchangedSince(backend: Backend, shown: ShownVersions): boolean {
    const renderedAtMs = shown[""];
    if (renderedAtMs === undefined || shown[backend.version.epoch] !== undefined) return false;
    const log = this.#backends.get(backend)?.log;
    return log !== undefined && log.changedAtMs + clockMarginMs < renderedAtMs;
  }

  async #isCurrent(backend: Backend, keys: ReadonlySet<string> | undefined, target: WatchTarget): Promise<boolean> {
    const shown = shownVersion(target, backend);
    const log = this.#backends.get(backend)?.log;
    // Of another history nothing is current.
    if (!log || shown?.epoch !== backend.version.epoch) return false;
    if (shown.seq >= backend.version.seq) return true;
    if (log.reaches(shown)) return !(await this.#showsChange(backend, log.changed(keys, shown), target));
    if (!keys || backend.isGuarded) return false;
    // The actor knows the commit that wrote each key. One load serves all who ask.
    await backend.load([...keys]);
    return [...keys].every((key) => backend.entry(key).peek().seq <= shown.seq);
  }

  /** True when one of the changed keys shows something to whoever looks: what stays hidden has not changed for them. */
  async #showsChange(backend: Backend, changed: Iterable<string>, { render }: WatchTarget): Promise<boolean> {
    const hidden: (readonly [key: string, identity: string])[] = [];
    for (const key of changed) {
      const identity = render?.hiddenFrom(backend.id, key);
      if (identity === undefined) return true;
      hidden.push([key, identity]);
    }
    const seen = await Promise.all(hidden.map(([key, identity]) => seesValue(backend, key, identity)));
    return seen.includes(true);
  }

  /** Tells of a key that hooks may hide from whoever looks when they do so no longer. */
  async #tellIfShown(backend: Backend, key: string, target: WatchTarget): Promise<void> {
    if (await this.#showsChange(backend, [key], target)) target.onChange(backend);
  }

  #add(watch: Watch, backendId: string, key: string): void {
    let byKey = this.#byKey.get(backendId);
    if (!byKey) this.#byKey.set(backendId, (byKey = new Map()));
    const watches = byKey.get(key);
    if (watches) watches.add(watch);
    else byKey.set(key, new Set([watch]));
  }

  #remove(watch: Watch, backendId: string, key: string): void {
    const byKey = this.#byKey.get(backendId);
    const watches = byKey?.get(key);
    watches?.delete(watch);
    if (watches?.size === 0) byKey!.delete(key);
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
      // Connected for the first time, or another history.
      this.#backends.get(backend)!.log = new ChangeLog(change.version);
      for (const watch of this.#watches) void this.#compare(watch, backend);
      for (const { target } of this.#ofValues) target.onChange(backend);
      return;
    }
    this.#backends.get(backend)!.log.add(change);
    const byKey = this.#byKey.get(backend.id);
    for (const key of change.keys) {
      for (const { target } of byKey?.get(key) ?? []) {
        if (target.except?.has(backend.id, key)) continue;
        if (target.render?.hiddenFrom(backend.id, key) === undefined) target.onChange(backend);
        else void this.#tellIfShown(backend, key, target);
      }
    }
    for (const { target } of this.#ofEverything) target.onChange(backend);
  }
}

/** True also when nobody can tell: one render too many is possible, one too few is not. */
async function seesValue(backend: Backend, key: string, identity: string): Promise<boolean> {
  try {
    return (await backend.seesValue?.(key, identity)) ?? true;
  } catch {
    return true;
  }
}

function isBehind(target: WatchTarget, backend: Backend, log: ChangeLog): boolean {
  const { render, except } = target;
  const { id, version } = backend;
  const shown = shownVersion(target, backend);
  if (!shown || version.epoch === "") return false;
  const isOfHistory = shown.epoch === version.epoch;
  if (isOfHistory && shown.seq >= version.seq) return false;
  if (!render || render.isEverything) return true;
  const keys = render.keys.get(id) ?? noKeys;
  if (!isOfHistory) return keys.size > 0;
  if (!log.reaches(shown)) return false;
  for (const key of keys) {
    if (log.isChanged(key, shown) && !except?.has(id, key) && render.hiddenFrom(id, key) === undefined) return true;
  }
  return false;
}

function shownVersion({ render, versions }: WatchTarget, { id, version: { epoch } }: Backend): Version | undefined {
  const seq = versions[epoch];
  return render?.versions.get(id) ?? (seq === undefined ? undefined : { epoch, seq });
}

/** True when what is watched shows something of a backend, as far as that is known. */
export function showsBackend(target: WatchTarget, { id, version }: Backend): boolean {
  const { render } = target;
  return render ? render.keys.has(id) || render.versions.has(id) : target.versions[version.epoch] !== undefined;
}

function isSame(one: Version, other: Version): boolean {
  return one.seq === other.seq && one.epoch === other.epoch;
}

function keysOf({ render, except }: WatchTarget, backendId: string, late?: ReadonlySet<string>): ReadonlySet<string> {
  const keys = late ?? render?.keys.get(backendId) ?? new Set<string>();
  return except ? new Set([...keys].filter((key) => !except.has(backendId, key))) : keys;
}

function eachKey(render: RenderReads, visit: (backendId: string, key: string) => void): void {
  for (const [backendId, keys] of render.keys) for (const key of keys) visit(backendId, key);
}

export function hub(): Hub {
  return processState("hub", () => {
    const made = new Hub();
    installViewers(made);
    return made;
  });
}
