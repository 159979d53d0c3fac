import { applyOptions, fallbackBackend, type Initial, initialOf, redefine, reported, valueOf, withTtl } from "#platform";
import { type Backend, type Entry, globalBackend, type OperationOptions } from "./backend.ts";
import { clip } from "./clip.ts";
import type { Exposure } from "./exposure.ts";
import { processState } from "./process-state.ts";
import { react, untracked } from "./reactive.ts";
import { noteRead, type Read, type Readable, readerIn, readForAll } from "./reads.ts";

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
   * @throws {KawaError} BACKEND_TIMEOUT, BACKEND_UNAVAILABLE, BACKEND_CLOSED - the value could not be loaded
   */
  get(options?: OperationOptions): Promise<T>;
  /**
   * Writes a value, or what a function makes of the current one (then the same as {@link update}). The promise resolves
   * when the value is durable; on the server the value becomes visible at that same moment, never before.
   *
   * @throws {KawaError} VALUE_UNSERIALIZABLE, VALUE_TOO_LARGE - the value cannot be stored
   * @throws {KawaError} ACTION_REFUSED - a hook of the actor refused it
   * @throws {KawaError} CONTEXT_UNAVAILABLE - the backend's `getContext` threw
   * @throws {KawaError} BACKEND_TIMEOUT, BACKEND_UNAVAILABLE, BACKEND_CLOSED - it was not confirmed
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
   * @throws {KawaError} ACTION_REFUSED, CONTEXT_UNAVAILABLE, BACKEND_TIMEOUT, BACKEND_UNAVAILABLE, BACKEND_CLOSED -
   *   as {@link set}
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

  get value(): T {
    noteRead(this as Readable<unknown>);
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
    return react(() =>
      readForAll(() => {
        const value = this.value;
        if (this.backend.entry(this.key).value.state !== "unknown") untracked(() => listener(value));
      }),
    );
  }

  async get(options?: OperationOptions): Promise<T> {
    const reader = await untracked(() => this.backend).readerFor(options);
    await reader.load([this.key]);
    return this.valueIn(reader.entry(this.key).peek());
  }

  set(value: T | ((current: T) => T), options?: OperationOptions): Promise<void> {
    if (typeof value === "function") {
      const updated = this.change(value as (current: T) => T, options);
      return reported(
        "Updating",
        this.key,
        updated.then(() => undefined),
      );
    }
    return reported(
      "Writing",
      this.key,
      untracked(() => this.backend).set(this.key, value, withTtl(this.ttlMs, options)),
    );
  }

  update(fn: (current: T) => T, options?: OperationOptions): Promise<T> {
    return reported("Updating", this.key, this.change(fn, options));
  }

  delete(options?: OperationOptions): Promise<void> {
    return reported(
      "Deleting",
      this.key,
      untracked(() => this.backend).delete(this.key, options),
    );
  }

  private change(fn: (current: T) => T, options: OperationOptions | undefined): Promise<T> {
    const backend = untracked(() => this.backend);
    return backend.update(this.key, (entry) => fn(this.valueIn(entry)), withTtl(this.ttlMs, options)) as Promise<T>;
  }

  valueIn(entry: Entry): T {
    return entry.state === "present" ? (valueOf(this.key, entry) as T) : this.initial;
  }

  /** The key that a reader of this signal depends on. */
  get read(): Read {
    return { backend: untracked(() => this.backend), key: this.key };
  }
}

// Families make signals without end: hold them weakly, so that what nobody uses can go.
const signals = processState("signals", () => ({
  byKey: new Map<string, WeakRef<BackedSignal<unknown>>>(),
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
  if (found && (backend === undefined || untracked(() => found!.backend) === backend)) {
    redefine(found, initial);
  } else {
    found = new BackedSignal<T>(key, initialOf(key, initial), backend);
    signals.byKey.set(id, new WeakRef(found as BackedSignal<unknown>));
    signals.collected.register(found, id);
  }
  applyOptions(found as BackedSignal<unknown>, definition);
  return found;
}

/** True for what `signal()`, `namespace().signal()` and families return, whichever copy of the module made it. */
export function isSignal(value: unknown): value is Signal<unknown> {
  return typeof value === "object" && value !== null && brand in value;
}
