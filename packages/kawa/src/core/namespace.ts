import type { Backend } from "./backend.ts";
import { composeKey } from "./key.ts";
import { memoryBackend } from "./memory-backend.ts";
import { type Signal, signalOf } from "./signal.ts";

export type NamespaceOptions = {
  /** Where the signals of this namespace live. @default the global backend as soon as there is one, else memory */
  backend?: Backend;
};

/** Key and default of one member of a family. */
export type FamilyMember<T> = { readonly key: string; readonly default: T };

export interface Namespace {
  /** Prefix of all keys of this namespace, such as `app:users`; empty for {@link root}. */
  readonly prefix: string;
  /** A namespace inside this one. It uses this one's backend unless it names its own. */
  namespace(name: string, options?: NamespaceOptions): Namespace;
  /**
   * The signal `prefix:key`. The same key gives the same signal, wherever it is defined.
   *
   * @throws {KawaError} KEY_INVALID - the key is empty, too long, or has an empty segment
   * @throws {KawaError} VALUE_UNSERIALIZABLE, VALUE_TOO_LARGE - `initial` cannot be stored
   */
  signal<T>(key: string, initial: T): Signal<T>;
  /**
   * One signal for each parameter.
   *
   * @example
   * const position = users.family((id: string) => ({ key: `${id}:position`, default: { x: 0, y: 0 } }));
   * await position("alice").set({ x: 1, y: 2 });
   */
  family<P, T>(define: (param: P) => FamilyMember<T>): (param: P) => Signal<T>;
}

function createNamespace(prefix: string, backend: Backend | undefined): Namespace {
  return {
    prefix,
    namespace: (name, options = {}) => createNamespace(composeKey(prefix, name), options.backend ?? backend),
    signal: (key, initial) => signalOf(composeKey(prefix, key), initial, backend),
    family: (define) => (param) => {
      const member = define(param);
      return signalOf(composeKey(prefix, member.key), member.default, backend);
    },
  };
}

/** The namespace without a prefix. */
export const root: Namespace = createNamespace("", undefined);

/**
 * A group of signals whose keys start with `name:`.
 *
 * @example
 * const app = namespace("app");
 * export const counter = app.signal("counter", 0); // key "app:counter"
 */
export function namespace(name: string, options: NamespaceOptions = {}): Namespace {
  return root.namespace(name, options);
}

let localCount = 0;

/**
 * `signal(key, initial)` is a shared signal of the {@link root} namespace. `signal(initial)` has no name: it lives in the
 * memory of this module's process and is never stored.
 */
export function signal<T>(initial: T): Signal<T>;
export function signal<T>(key: string, initial: T): Signal<T>;
export function signal<T>(...args: [T] | [string, T]): Signal<T> {
  if (args.length === 2) return root.signal(args[0], args[1]);
  localCount += 1;
  return signalOf(`local:${Math.random().toString(36).slice(2)}:${localCount}`, args[0], memoryBackend());
}
