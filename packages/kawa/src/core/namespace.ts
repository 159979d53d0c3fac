import { type Backend, globalBackend, type OperationOptions } from "./backend.ts";
import { clip } from "./errors.ts";
import { composeKey } from "./key.ts";
import { localBackend, memoryBackend } from "./memory-backend.ts";
import { reported } from "./reported-promise.ts";
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
  /**
   * Keys in this namespace that have a value, without its prefix and in code unit order. Signals that show their default
   * are not among them. It asks the backend, also when this process knows all of them; a page is not rendered again when
   * a key is added.
   *
   * @throws {KawaError} ACTION_REFUSED - a hook of the actor refused it
   * @throws {KawaError} CONTEXT_UNAVAILABLE - the backend's `getContext` threw
   * @throws {KawaError} BACKEND_TIMEOUT, BACKEND_UNAVAILABLE, BACKEND_CLOSED - the backend did not answer
   * @example
   * await users.keys(); // ["alice:position", "bob:position"]
   */
  keys(options?: OperationOptions): Promise<readonly string[]>;
  /**
   * As {@link keys}, with their values.
   *
   * @throws {KawaError} as {@link keys}
   */
  entries(options?: OperationOptions): Promise<ReadonlyMap<string, unknown>>;
  /**
   * Deletes every value in this namespace at once, also those of namespaces inside it. On {@link root} that is every value
   * of the backend. Resolves when that is durable.
   *
   * @throws {KawaError} as {@link keys}
   */
  clear(options?: OperationOptions): Promise<void>;
}

function createNamespace(prefix: string, ownBackend: Backend | undefined): Namespace {
  const keyPrefix = prefix === "" ? "" : `${prefix}:`;
  const backend = (): Backend => ownBackend ?? globalBackend.peek() ?? memoryBackend();
  const relative = (key: string): string => key.slice(keyPrefix.length);
  return {
    prefix,
    namespace: (name, options = {}) => createNamespace(composeKey(prefix, name), options.backend ?? ownBackend),
    signal: (key, initial) => signalOf(composeKey(prefix, key), initial, ownBackend),
    family: (define) => (param) => {
      const member = define(param);
      return signalOf(composeKey(prefix, member.key), member.default, ownBackend);
    },
    async keys(options) {
      return (await backend().keys(keyPrefix, options)).map(relative);
    },
    async entries(options) {
      const entries = await backend().entries(keyPrefix, options);
      return new Map([...entries].map(([key, value]) => [relative(key), value]));
    },
    clear: (options) => reported(`Clearing "${clip(keyPrefix)}"`, backend().clear(keyPrefix, options)),
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
  return signalOf(`local:${Math.random().toString(36).slice(2)}:${localCount}`, args[0], localBackend());
}
