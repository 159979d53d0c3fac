import {
  applyOptions,
  fallbackBackend,
  guardedEffect,
  type Initial,
  initialOf,
  redefine,
  untracked,
  valueOf,
  writeOptions,
} from "#platform";
import { written } from "#written";
import { type Backend, type Entry, globalBackend, globalBackendNow, type OperationOptions } from "./backend/backend.ts";
import { clip } from "./errors/clip.ts";
import type { Exposure } from "./exposure.ts";
import { processState } from "./process/process-state.ts";
import { noteRead, type Read, type Readable, readerIn } from "./backend/reads.ts";

/**
 * A named, shared, durable value. Read it in a server component with `useReactive(signal)`.
 *
 * Values that a signal gives out are safe to keep. Plain objects and arrays are frozen: to change one throws, so write a
 * copy (`set({ ...user, name })`). What cannot be frozen, such as a Date, Map or Set, is a copy of its own for each read,
 * which costs its decoding each time; in a hot path read it once and keep it.
 */
export interface Signal<T> extends Readable<T> {
  /** Whole key, such as `app:counter`. */
  readonly key: string;
  /** Shown while the signal has no value. */
  readonly initial: T;
  /**
   * Current value, as the actor has it for `context`: loaded first when this process does not know it yet.
   *
   * @throws {KawaError} ACTION_REFUSED - a hook of the actor refused it
   * @throws {KawaError} CONTEXT_UNAVAILABLE - the backend's `getContext` threw
   * @throws {KawaError} VALUE_UNREADABLE - what is stored is no value
   * @throws {KawaError} BACKEND_TIMEOUT, BACKEND_UNAVAILABLE, BACKEND_CLOSED - the value could not be loaded
   * @throws {KawaError} RENDER_STATIC - `next build` is running, and would keep it
   */
  get(options?: OperationOptions): Promise<T>;
  /**
   * Writes a value, or what a function makes of the current one (then the same as {@link update}). The promise resolves
   * when the value is durable; on the server the value becomes visible at that same moment, never before.
   *
   * @throws {KawaError} VALUE_UNSERIALIZABLE, VALUE_TOO_LARGE - the value cannot be stored
   * @throws {KawaError} ACTION_REFUSED - a hook of the actor refused it
   * @throws {KawaError} CONTEXT_UNAVAILABLE - the backend's `getContext` threw
   * @throws {KawaError} HOOK_LOOP - hooks of actors ask for each other without end
   * @throws {KawaError} DISK_FAILED - the disk did not take it
   * @throws {KawaError} BACKEND_TIMEOUT, BACKEND_UNAVAILABLE, BACKEND_CLOSED - it was not confirmed
   * @throws {KawaError} RENDER_STATIC - `next build` is running
   * @throws {KawaError} RENDER_WRITE - a page is being rendered, in development; in production that is a warning
   */
  set(value: T | ((current: T) => T), options?: OperationOptions): Promise<void>;
  /**
   * Changes the value with a function of the current one, atomically across servers. `fn` may run more than once and must
   * be pure. Resolves with the new value when it is durable.
   *
   * @throws {KawaError} as {@link set}
   * @throws {KawaError} UPDATE_CONFLICT - other writers were faster for too long
   */
  update(fn: (current: T) => T, options?: OperationOptions): Promise<T>;
  /**
   * Removes the value: readers see {@link initial} again. Use `set` to keep a value, such as `null`. The promise resolves
   * when that is durable.
   *
   * @throws {KawaError} as {@link set}
   */
  delete(options?: OperationOptions): Promise<void>;
}

const brand = Symbol.for("kawa.signal");

export class BackedSignal<T> implements Signal<T> {
  readonly key: string;
  /** What browsers may do with it; nothing when undefined. */
  exposure: Exposure | undefined;
  /** How long a value lives after it was last set or renewed; undefined where it stays, and in browsers. */
  declare ttlMs: number | undefined;
  /** Who has read it with a hook, as far as that is known. `react/checks/hook-check` keeps it here, where a read finds it at once. */
  declare readBy: "components" | "async" | undefined;
  #initial: Initial;
  readonly #backend: Backend | undefined;

  constructor(key: string, initial: Initial, backend: Backend | undefined) {
    this.key = key;
    this.#initial = initial;
    this.#backend = backend;
    Object.defineProperty(this, brand, { value: true });
  }

  get initial(): T {
    return this.#initial.entry.value as T;
  }

  /** Encoded {@link initial}. */
  get initialText(): string {
    return this.#initial.text;
  }

  redefine(initial: Initial): void {
    this.#initial = initial;
  }

  /** Tracked: a signal without a backend of its own moves to the global one as soon as there is one. */
  get backend(): Backend {
    return this.#backend ?? globalBackend.value ?? fallbackBackend();
  }

  /** Untracked {@link backend}. A page may ask for it thousands of times. */
  get backendNow(): Backend {
    return this.#backend ?? globalBackendNow() ?? fallbackBackend();
  }

  get value(): T {
    noteRead(this);
    const reader = readerIn(this.backend);
    const entry = reader.entry(this.key).value;
    if (entry.state === "unknown") {
      reader.load([this.key]).catch((error) => console.error(`[kawa] Loading "${clip(this.key)}" failed:`, error));
    }
    return this.valueIn(entry);
  }

  peek(): T {
    return untracked(() => this.valueIn(readerIn(this.backend).entry(this.key).peek()));
  }

  subscribe(listener: (value: T) => void): () => void {
    return guardedEffect(this, () => {
      const value = this.value;
      if (this.backend.entry(this.key).value.state !== "unknown") untracked(() => listener(value));
    });
  }

  async get(options?: OperationOptions): Promise<T> {
    const reader = await this.backendNow.readerFor(options);
    await reader.load([this.key]);
    return this.valueIn(reader.entry(this.key).peek());
  }

  set(value: T | ((current: T) => T), options?: OperationOptions): Promise<void> {
    const isChange = typeof value === "function";
    const write = (): Promise<void> =>
      isChange
        ? this.change(value as (current: T) => T, options).then(() => undefined)
        : this.backendNow.set(this.key, value, writeOptions(this, options));
    return written({ name: isChange ? "update" : "set", of: this, by: this.set }, write, async () => {});
  }

  update(fn: (current: T) => T, options?: OperationOptions): Promise<T> {
    // Where the write is left out, the present value is the result.
    return written(
      { name: "update", of: this, by: this.update },
      () => this.change(fn, options),
      () => this.get(options),
    );
  }

  delete(options?: OperationOptions): Promise<void> {
    const remove = (): Promise<void> => this.backendNow.delete(this.key, writeOptions(this, options));
    return written({ name: "delete", of: this, by: this.delete }, remove, async () => {});
  }

  private change(fn: (current: T) => T, options: OperationOptions | undefined): Promise<T> {
    const backend = this.backendNow;
    return backend.update(this.key, (entry) => fn(this.valueIn(entry)), writeOptions(this, options)) as Promise<T>;
  }

  valueIn(entry: Entry): T {
    return entry.state === "present" ? (valueOf(this.key, entry) as T) : this.initial;
  }

  /** The key that a reader of this signal depends on. */
  get read(): Read {
    return { backend: this.backendNow, key: this.key };
  }
}

/** A signal for code that neither writes it nor knows of which type its values are. */
export type AnySignal = Pick<
  BackedSignal<unknown>,
  | "backend"
  | "backendNow"
  | "exposure"
  | "initial"
  | "initialText"
  | "key"
  | "read"
  | "readBy"
  | "redefine"
  | "ttlMs"
  | "valueIn"
>;

// Families make signals without end: they are held weakly, so that unused ones can go.
const signals = processState("signals", () => ({
  byKey: new Map<string, WeakRef<AnySignal>>(),
  collected: new FinalizationRegistry<string>((id) => {
    if (!signals.byKey.get(id)?.deref()) signals.byKey.delete(id);
  }),
}));

export type SignalDefinition<T> = {
  /** Whole key, checked. */
  readonly key: string;
  readonly initial: T;
  readonly backend: Backend | undefined;
  readonly exposure?: Exposure | undefined;
  readonly ttlMs?: number | undefined;
};

/** Returns the one signal of `key` in this process, made on first use. */
export function signalOf<T>(definition: SignalDefinition<T>): BackedSignal<T> {
  const { key, initial, backend } = definition;
  const id = `${backend?.id ?? ""}\n${key}`;
  let found = signals.byKey.get(id)?.deref() as BackedSignal<T> | undefined;
  // A backend that was closed has a successor with the same id.
  if (found && (backend === undefined || found.backendNow === backend)) {
    redefine(found, initial);
  } else {
    found = new BackedSignal<T>(key, initialOf(key, initial), backend);
    signals.byKey.set(id, new WeakRef(found));
    signals.collected.register(found, id);
  }
  applyOptions(found, definition);
  return found;
}

/** The signal of a key, where this process has defined it without a backend of its own, and something still uses it. */
export function knownSignal(key: string): AnySignal | undefined {
  return signals.byKey.get(`\n${key}`)?.deref();
}

/** As {@link isSignal}, for Kawa's own code: every signal is a {@link BackedSignal}. */
export function isBacked<T>(source: Readable<T>): source is BackedSignal<T>;
export function isBacked(source: unknown): source is BackedSignal<unknown>;
export function isBacked(source: unknown): boolean {
  return typeof source === "object" && source !== null && brand in source;
}

/** True for what `signal()`, `namespace().signal()` and families return, whichever copy of the module made it. */
export function isSignal(value: unknown): value is Signal<unknown> {
  return isBacked(value);
}

/** What Kawa's own code knows of a signal of the app. */
export function backed<T>(signal: Signal<T>): BackedSignal<T> {
  return signal as BackedSignal<T>;
}
