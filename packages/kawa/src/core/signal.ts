import {
  alterValue,
  applyOptions,
  fallbackBackend,
  guardedEffect,
  type Initial,
  initialOf,
  placeOf,
  redefine,
  untracked,
  valueOf,
  writeOptions,
} from "#platform";
import { written } from "#written";
import { type Backend, type Entry, globalBackend, globalBackendNow, type OperationOptions } from "./backend/backend.ts";
import type { PresentEntry } from "./backend/entry.ts";
import { clip } from "./errors/clip.ts";
import type { Exposure, SignalOptions } from "./exposure.ts";
import type { Shape } from "./shape.ts";
import { processState } from "./process/process-state.ts";
import type { AnyValueSignal, Signal } from "./signal-api.ts";
import type { Bounds, ChangeKind, CommutingChange } from "./value/commuting.ts";
import { noteRead, type Read, type Readable, readerIn } from "./backend/reads.ts";

export type { Signal } from "./signal-api.ts";

const brand = Symbol.for("kawa.signal");

export class BackedSignal<T> implements AnyValueSignal<T> {
  readonly key: string;
  /** What browsers may do with it; nothing when undefined. */
  exposure: Exposure | undefined;
  /** What its values look like, where its definition says so; in browsers {@link exposure} has it. */
  declare shape: Shape | undefined;
  /** Of a query that browsers may reach: the signals of its rows. */
  declare rowOf: ((id: string) => AnySignal) | undefined;
  /** How long a value lives after it was last set or renewed; undefined where it stays, and in browsers. */
  declare ttlMs: number | undefined;
  /** Who has read it with a hook, as far as that is known. `react/checks/hook-check` keeps it here, where a read finds it at once. */
  declare readBy: "components" | "async" | undefined;
  /** In a browser, of a row of a collection: has queries show it at its place while it is written, and a little longer. */
  declare place: ((work: Promise<unknown>) => void) | undefined;
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

  get initialEntry(): PresentEntry {
    return this.#initial.entry;
  }

  redefine(initial: Initial): void {
    this.#initial = initial;
  }

  /** Tracked: a signal without a backend of its own moves to the global one as soon as there is one. */
  get backend(): Backend {
    return placeOf(this.#backend ?? globalBackend.value ?? fallbackBackend(), this);
  }

  /** Untracked {@link backend}. A page may ask for it thousands of times. */
  get backendNow(): Backend {
    return placeOf(this.#backend ?? globalBackendNow() ?? fallbackBackend(), this);
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

  increment(by = 1, { min, max, ...options }: Bounds & OperationOptions = {}): Promise<number> {
    return this.alter({ increment: by, min, max }, options) as Promise<number>;
  }

  merge(patch: Partial<T>, options?: OperationOptions): Promise<void> {
    return this.alter({ merge: patch }, options) as Promise<void>;
  }

  append(...items: unknown[]): Promise<void> {
    return this.alter({ append: items }) as Promise<void>;
  }

  remove(item: unknown, options?: OperationOptions): Promise<void> {
    return this.alter({ remove: item }, options) as Promise<void>;
  }

  private alter(change: CommutingChange, options?: OperationOptions): Promise<unknown> {
    const [name] = Object.keys(change) as [ChangeKind];
    const write = (): Promise<unknown> => alterValue(this, change, options);
    // Where an increment is left out, the present value is the result.
    const instead = async (): Promise<unknown> => ("increment" in change ? this.get(options) : undefined);
    return written({ name, of: this, by: this[name] }, write, instead);
  }

  change(fn: (current: T) => T, options: OperationOptions | undefined): Promise<T> {
    const backend = this.backendNow;
    return backend.update(this.key, (entry) => fn(this.valueIn(entry)), writeOptions(this, options)) as Promise<T>;
  }

  valueIn(entry: Entry): T {
    return entry.state === "present" ? (valueOf(this, entry) as T) : this.initial;
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
  | "place"
  | "read"
  | "readBy"
  | "redefine"
  | "rowOf"
  | "shape"
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
  readonly options?: SignalOptions<unknown> | undefined;
  readonly ttlMs?: number | undefined;
};

/** Returns the one signal of `key` in this process, made on first use. */
export function signalOf<T>(definition: SignalDefinition<T>): BackedSignal<T> & Signal<T> {
  const { key, initial, backend } = definition;
  const id = `${backend?.id ?? ""}\n${key}`;
  let found = signals.byKey.get(id)?.deref() as BackedSignal<T> | undefined;
  // A backend that was closed has a successor with the same id.
  if (found && (backend === undefined || found.backendNow === placeOf(backend, found))) redefine(found, initial);
  else {
    found = new BackedSignal<T>(key, initialOf(key, initial), backend);
    signals.byKey.set(id, new WeakRef(found));
    signals.collected.register(found, id);
  }
  applyOptions(found, definition);
  // It has the methods of all values, and the app sees those that fit its own.
  return found as BackedSignal<T> & Signal<T>;
}

/** The signal of a key, where this process has defined it without a backend of its own, and something still uses it. */
export function knownSignal(key: string): AnySignal | undefined {
  return signals.byKey.get(`\n${key}`)?.deref();
}

/** As {@link isSignal}, for Kawa's own code: every signal is a {@link BackedSignal}. */
export function isBacked<T>(source: Readable<T>): source is BackedSignal<T>;
export function isBacked(source: unknown): source is BackedSignal<unknown>;
export function isBacked(source: unknown): boolean {
  return brand in Object(source);
}

/** True for what `signal()`, `namespace().signal()` and families return, whichever copy of the module made it. */
export function isSignal(value: unknown): value is Signal<unknown> {
  return isBacked(value);
}

/** What Kawa's own code knows of a signal of the app. */
export function backed<T>(signal: AnyValueSignal<T>): BackedSignal<T> {
  return signal as BackedSignal<T>;
}
