import { type Backend, type Entry, globalBackend } from "./backend.ts";
import { checkKey } from "./key.ts";
import { clip, show } from "./errors.ts";
import { memoryBackend } from "./memory-backend.ts";
import { processState } from "./process-state.ts";
import { react, untracked } from "./reactive.ts";
import { noteRead, type Read, type Readable } from "./reads.ts";
import { reported } from "./reported-promise.ts";
import { encodeValue } from "./value.ts";

/** A named, shared, durable value. Read it in a server component with `useReactive(signal)`. */
export interface Signal<T> extends Readable<T> {
  /** Whole key, such as `app:counter`. */
  readonly key: string;
  /** Shown while nothing was written. */
  readonly initial: T;
  /** Current value, loaded from the backend first when this process does not know it yet. */
  get(): Promise<T>;
  /**
   * Writes a value, or what a function makes of the current one (then the same as {@link update}). The promise resolves
   * when the value is durable; on the server the value becomes visible at that same moment, never before.
   *
   * @throws {KawaError} VALUE_UNSERIALIZABLE, VALUE_TOO_LARGE - the value cannot be stored
   * @throws {KawaError} BACKEND_TIMEOUT, BACKEND_UNAVAILABLE, BACKEND_CLOSED - it was not confirmed
   */
  set(value: T | ((current: T) => T)): Promise<void>;
  /**
   * Changes the value with a function of the current one, atomically across servers. `fn` may run more than once and must
   * be pure. Resolves with the new value when it is durable.
   *
   * @throws {KawaError} as {@link set}
   */
  update(fn: (current: T) => T): Promise<T>;
}

const brand = Symbol.for("kawa.signal");

export class BackedSignal<T> implements Signal<T> {
  readonly key: string;
  initial: T;
  readonly #backend: Backend | undefined;

  constructor(key: string, initial: T, backend: Backend | undefined) {
    this.key = key;
    this.initial = initial;
    this.#backend = backend;
    Object.defineProperty(this, brand, { value: true });
  }

  /** Tracked: a signal without a backend of its own moves to the global one as soon as there is one. */
  get backend(): Backend {
    return this.#backend ?? globalBackend.value ?? memoryBackend();
  }

  get value(): T {
    noteRead(this as Readable<unknown>);
    const { backend } = this;
    const entry = backend.entry(this.key).value;
    if (entry.state === "unknown") {
      backend.load([this.key]).catch((error) => console.error(`[kawa] Loading "${clip(this.key)}" failed:`, error));
    }
    return this.valueIn(entry);
  }

  peek(): T {
    return untracked(() => this.valueIn(this.backend.entry(this.key).peek()));
  }

  subscribe(listener: (value: T) => void): () => void {
    return react(() => {
      const value = this.value;
      if (this.backend.entry(this.key).value.state !== "unknown") untracked(() => listener(value));
    });
  }

  async get(): Promise<T> {
    await untracked(() => this.backend).load([this.key]);
    return this.peek();
  }

  set(value: T | ((current: T) => T)): Promise<void> {
    if (typeof value === "function") {
      return reported(`Updating "${clip(this.key)}"`, this.change(value as (current: T) => T).then(() => undefined));
    }
    return reported(
      `Writing "${clip(this.key)}"`,
      untracked(() => this.backend).set(this.key, value),
    );
  }

  update(fn: (current: T) => T): Promise<T> {
    return reported(`Updating "${clip(this.key)}"`, this.change(fn));
  }

  private change(fn: (current: T) => T): Promise<T> {
    const backend = untracked(() => this.backend);
    return backend.update(this.key, (entry) => fn(this.valueIn(entry))) as Promise<T>;
  }

  valueIn(entry: Entry): T {
    return entry.state === "present" ? (entry.value as T) : this.initial;
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
  warned: new Set<string>(),
}));

/** Returns the one signal of `key` in this process, made on first use. */
export function signalOf<T>(key: string, initial: T, backend: Backend | undefined): BackedSignal<T> {
  checkKey(key);
  const id = `${backend?.id ?? ""}\n${key}`;
  const found = signals.byKey.get(id)?.deref() as BackedSignal<T> | undefined;
  if (found) {
    redefine(found, initial);
    return found;
  }
  encodeValue(key, initial);
  const made = new BackedSignal(key, initial, backend);
  signals.byKey.set(id, new WeakRef(made as BackedSignal<unknown>));
  signals.collected.register(made, id);
  return made;
}

function redefine<T>(signal: BackedSignal<T>, initial: T): void {
  if (Object.is(signal.initial, initial)) return;
  const before = encodeValue(signal.key, signal.initial);
  const after = encodeValue(signal.key, initial);
  if (before === after) return;
  const editing = process.env.NODE_ENV === "development";
  const warning = `${signal.key}\n${before}\n${after}`;
  if (!signals.warned.has(warning)) {
    signals.warned.add(warning);
    console.warn(
      `[kawa] Signal "${clip(signal.key)}" is defined twice with different defaults: ${show(signal.initial)} ` +
        `and ${show(initial)}. ${editing ? "The newer one is used" : "The first one is used"}; ` +
        `define it in one module and import it${editing ? " (nothing to do if you have just edited it)" : ""}.`,
    );
  }
  // In development a second definition usually is the same line after an edit.
  if (editing) signal.initial = initial;
}

/** True for what `signal()`, `namespace().signal()` and families return, whichever copy of the module made it. */
export function isSignal(value: unknown): value is Signal<unknown> {
  return typeof value === "object" && value !== null && brand in value;
}
