import type { Version } from "../../core/value/version.ts";

const maxKeys = 5_000;

/** Hears what becomes of a render. */
export interface RenderFollower {
  /** The render has read one more key. Then {@link RenderReads.isEverything} may have become true. */
  onRead?(backendId: string, key: string): void;
  /** The render has begun or ceased to grow. */
  onGrowth?(): void;
  /** The tab that shows it has been sent `next` to show instead. */
  onReplaced?(next: RenderReads): void;
  /** A part of the render is older than the version of a backend that it has announced. */
  onOlder?(backendId: string): void;
}

/** Keys of one backend of which the render has seen no value, and the identity as which it asked. */
export type HiddenReads = { readonly identity: string; readonly keys: Set<string> };

const noFollowers: readonly RenderFollower[] = [];

/** Which keys one render has read, and which versions it shows. It grows while the render streams, and while a fragment is pushed. */
export class RenderReads {
  readonly id: string;
  /** Version of each backend that the render shows at least. The render sets it when it begins. */
  versions: Map<string, Version>;
  /** The versions that its page has told the browser. A late part may have read of other backends since. */
  shownText: string | undefined;
  /** True when a cached part of it is older than the versions that it has announced. It has to be rendered again, whatever these say. */
  isOlder = false;
  readonly #keys = new Map<string, Set<string>>();
  /** The backend of the last added key: most renders read of one backend. */
  #last: { readonly backendId: string; readonly keys: Set<string> } | undefined;
  /** Hidden keys by backend, where hooks decide about reads. */
  #hidden: Map<string, HiddenReads> | undefined;
  // An array that all renders without followers share: renders are very many, and followers few.
  #followers = noFollowers;
  #keyCount = 0;
  /** How much of what reads for it has not ended. */
  #growCount = 0;

  constructor(id: string, versions: Map<string, Version> = new Map()) {
    this.id = id;
    this.versions = versions;
  }

  /** True when the render read too much to keep: any change may concern it. */
  get isEverything(): boolean {
    return this.#keyCount > maxKeys;
  }

  /** True while there may be more to read: what it has read so far says too little of what is shown next. */
  get isGrowing(): boolean {
    return this.#growCount > 0;
  }

  /** Something begins to read for it. Returns its idempotent end. */
  grow(): () => void {
    let isOver = false;
    this.#addGrowth(1);
    return () => {
      if (isOver) return;
      isOver = true;
      this.#addGrowth(-1);
    };
  }

  #addGrowth(count: 1 | -1): void {
    const wasGrowing = this.isGrowing;
    this.#growCount += count;
    if (this.isGrowing !== wasGrowing) for (const follower of this.#followers) follower.onGrowth?.();
  }

  /** How many keys are kept. */
  get keyCount(): number {
    return this.#keyCount;
  }

  /** Keys by backend. Those of a render that {@link isEverything} are not all. */
  get keys(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#keys;
  }

  /** Keys that hooks hide from the visitor: their changes are told only once the hooks show them. */
  get hidden(): ReadonlyMap<string, HiddenReads> | undefined {
    return this.#hidden;
  }

  /** The identity as which the render has read a key without seeing a value; undefined for a key of whose changes anybody may hear. */
  hiddenFrom(backendId: string, key: string): string | undefined {
    const hidden = this.#hidden?.get(backendId);
    return hidden?.keys.has(key) ? hidden.identity : undefined;
  }

  /** @param hiddenFrom the identity that was asked for, where hooks gave no value of the key */
  add(backendId: string, key: string, hiddenFrom?: string): void {
    if (this.isEverything) return;
    this.#noteHidden(backendId, key, hiddenFrom);
    const keys = this.#keysOf(backendId);
    const { size } = keys;
    keys.add(key);
    if (keys.size === size) return;
    this.#keyCount += 1;
    for (const follower of this.#followers) follower.onRead?.(backendId, key);
  }

  #keysOf(backendId: string): Set<string> {
    if (this.#last?.backendId === backendId) return this.#last.keys;
    let keys = this.#keys.get(backendId);
    if (!keys) this.#keys.set(backendId, (keys = new Set()));
    this.#last = { backendId, keys };
    return keys;
  }

  #noteHidden(backendId: string, key: string, identity: string | undefined): void {
    if (identity === undefined) return void this.#hidden?.get(backendId)?.keys.delete(key);
    this.#hidden ??= new Map();
    const hidden = this.#hidden.get(backendId);
    if (hidden?.identity === identity) hidden.keys.add(key);
    else this.#hidden.set(backendId, { identity, keys: new Set([key]) });
  }

  has(backendId: string, key: string): boolean {
    return this.#keys.get(backendId)?.has(key) ?? false;
  }

  /** True when the render depends on everything that `other` depends on. */
  covers(other: RenderReads): boolean {
    if (this.isEverything || other.isEverything) return false;
    for (const [backendId, keys] of other.keys) for (const key of keys) if (!this.has(backendId, key)) return false;
    return true;
  }

  /** Tells the followers that `next` is shown instead. */
  replaceWith(next: RenderReads): void {
    for (const follower of this.#followers) follower.onReplaced?.(next);
  }

  noteOlder(backendId: string): void {
    this.isOlder = true;
    for (const follower of this.#followers) follower.onOlder?.(backendId);
  }

  follow(follower: RenderFollower): void {
    this.#followers = this.#followers.concat(follower);
  }

  unfollow(follower: RenderFollower): void {
    this.#followers = this.#followers.filter((other) => other !== follower);
  }
}
