import { composeKey, fallbackBackend, askKeyLists, localBackend, markFamily } from "#platform";
import { written } from "#written";
import { type Backend, globalBackend, type OperationOptions } from "./backend/backend.ts";
import type { EphemeralFamily } from "./ephemeral-family.ts";
import type { EphemeralFamilyOptions, SignalOptions } from "./exposure.ts";
import { type Signal, signalOf } from "./signal.ts";

/** Options of {@link namespace}. */
export type NamespaceOptions = {
  /** Where the signals of this namespace live. @default the global backend as soon as there is one, else memory */
  backend?: Backend;
};

/** Key and default of one member of a family. */
export type FamilyMember<T> = { readonly key: string; readonly default: T };

/** Only texts, and objects of texts, are found again in a key. */
type FamilyOptions<P, T> = P extends string
  ? SignalOptions<T>
  : P extends object
    ? P[keyof P] extends string
      ? SignalOptions<T>
      : never
    : never;

/** Signals whose keys start alike, and live in the same backend. {@link namespace} makes one. */
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
   * @throws {KawaError} OPTION_INVALID - two definitions expose it in different ways
   * @example
   * // Client components may show and write it, and browsers may store nothing else in it.
   * const theme = app.signal("theme", "system", { expose: "write", schema: z.enum(["system", "light", "dark"]) });
   */
  signal<T>(key: string, initial: T, options?: SignalOptions<T>): Signal<T>;
  /**
   * One signal for each parameter.
   *
   * @example
   * const position = users.family((id: string) => ({ key: `${id}:position`, default: { x: 0, y: 0 } }));
   * await position("alice").set({ x: 1, y: 2 });
   */
  family<P, T>(define: (param: P) => FamilyMember<T>): (param: P) => Signal<T>;
  /**
   * As above, of values that live only as long as somebody keeps them: `usePresence` does in a browser. Keys end with a
   * parameter; those that differ only there are a group, whose members `memberIdsOf` and `membersOf` list.
   *
   * @throws {KawaError} OPTION_INVALID - keys do not hold the parameter as it is or do not end with it, or `ttlMs` is too short
   * @example
   * const visitors = app.family((at: { room: string; id: string }) => ({ key: `${at.room}:${at.id}`, default: "" }), {
   *   expose: "write",
   *   ttlMs: 10_000,
   * });
   * await visitors({ room: "kitchen", id: "1" }).set("Ada");
   */
  family<P extends string | { readonly [K in keyof P]: string }, T>(
    define: (param: P) => FamilyMember<T>,
    options: EphemeralFamilyOptions<T>,
  ): EphemeralFamily<P, T>;
  /**
   * As above, for client components too. The server finds the member that a browser asks for by its key: so keys hold the
   * parameter, a text or an object of texts, as it is. Browsers reach no member whose parameter is empty or has a colon.
   *
   * @throws {KawaError} OPTION_INVALID - keys do not hold the parameter as it is
   */
  family<P, T>(define: (param: P) => FamilyMember<T>, options: FamilyOptions<P, T>): (param: P) => Signal<T>;
  /**
   * Keys in this namespace that have a value, without its prefix and in code unit order. Signals that show their default
   * are not among them. It asks the backend, also when this process knows all of them; a page is not rendered again when
   * a key is added. Servers only, as {@link entries} and {@link clear}.
   *
   * @throws {KawaError} ACTION_REFUSED - a hook of the actor refused it
   * @throws {KawaError} CONTEXT_UNAVAILABLE - the backend's `getContext` threw
   * @throws {KawaError} BACKEND_TIMEOUT, BACKEND_UNAVAILABLE, BACKEND_CLOSED - the backend did not answer
   * @throws {KawaError} RENDER_STATIC - `next build` is running
   * @throws {KawaError} CONTEXT_UNSUPPORTED - a browser asks
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
   * Deletes every value in this namespace in one commit, also those of namespaces inside it. On {@link root} that is every value
   * of the backend. A key of which an earlier write still waits for its hook is deleted when that write has ended. Resolves when
   * all of it is durable.
   *
   * @throws {KawaError} as {@link keys}
   */
  clear(options?: OperationOptions): Promise<void>;
  /** @internal */
  readonly definition: { readonly backend: Backend | undefined };
}

function createNamespace(prefix: string, ownBackend: Backend | undefined): Namespace {
  const keyPrefix = prefix === "" ? "" : `${prefix}:`;
  const backend = (): Backend => ownBackend ?? globalBackend.peek() ?? fallbackBackend();
  const relative = (key: string): string => key.slice(keyPrefix.length);
  const clear: Namespace["clear"] = (options) =>
    written(
      { name: "clear", of: { key: keyPrefix }, by: clear },
      async () => askKeyLists(backend(), (lists) => lists.clear(keyPrefix, options)),
      async () => {},
    );
  return {
    prefix,
    definition: { backend: ownBackend },
    namespace: (name, options = {}) => createNamespace(composeKey(prefix, name), options.backend ?? ownBackend),
    signal: (key, initial, options) =>
      signalOf({ key: composeKey(prefix, key), initial, backend: ownBackend, options }),
    family: <P, T>(define: (param: P) => FamilyMember<T>, options?: SignalOptions<T> & { ttlMs?: number }) => {
      const keyOf = (param: P): string => composeKey(prefix, define(param).key);
      const definition = { keyOf, backend: ownBackend, options, ttlMs: options?.ttlMs };
      const member = (param: P): Signal<T> => {
        const { key, default: initial } = define(param);
        return signalOf({ ...definition, key: composeKey(prefix, key), initial });
      };
      // The overloads tell which families are ephemeral.
      return markFamily(member, definition) as EphemeralFamily<P, T>;
    },
    async keys(options) {
      return (await askKeyLists(backend(), (lists) => lists.keys(keyPrefix, options))).map(relative);
    },
    async entries(options) {
      const entries = await askKeyLists(backend(), (lists) => lists.entries(keyPrefix, options));
      return new Map([...entries].map(([key, value]) => [relative(key), value]));
    },
    clear,
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
export function signal<T>(key: string, initial: T, options?: SignalOptions<T>): Signal<T>;
export function signal<T>(...args: [T] | [string, T, (SignalOptions<T> | undefined)?]): Signal<T> {
  if (args.length > 1) return root.signal(...(args as [string, T, SignalOptions<T>?]));
  localCount += 1;
  const key = `local:${Math.random().toString(36).slice(2)}:${localCount}`;
  return signalOf({ key, initial: args[0] as T, backend: localBackend() });
}
