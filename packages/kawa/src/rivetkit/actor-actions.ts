import { KawaError, show } from "../core/errors.ts";
import { checkKey, maxKeyBytes, streamKey, streamLeaseMs, streamScope } from "../core/key.ts";
import { leaveOut, readNamed } from "../core/unreadable.ts";
import { decodeValue, encodeValue } from "../core/value.ts";
import type { Version } from "../core/version.ts";
import type { ActorSettings } from "./actor-settings.ts";
import { type ActionName, type ActionParams, type ActionResult, type HookContext, ownHook } from "./hooks.ts";
import type { Replies, Row, Write } from "./protocol.ts";
import type { SignalStore } from "./signal-store.ts";
import type { Leases } from "./leases.ts";

export type ActorActionsOptions = {
  readonly store: SignalStore;
  /** Of streams. */
  readonly leases: Leases;
  readonly settings: () => ActorSettings;
};

/** How an action writes. Resolves with the rows that are durable now. */
export type Commit = (write: Write) => Promise<readonly Row[]>;

type Call<N extends ActionName> = {
  readonly c: HookContext;
  readonly params: ActionParams<N>;
  readonly commit: Commit;
  /** The version of who reads a snapshot. */
  readonly at?: Version | undefined;
};
type Actions = { readonly [N in ActionName]: (call: Call<N>) => Promise<ActionResult<N>> };

/** What each action does once its hooks have let it pass. */
export function createActorActions({ store, leases, settings }: ActorActionsOptions): Actions {
  const valueOf = (key: string, at?: Version): unknown => {
    const text = store.get(key, at)?.text;
    return typeof text === "string" ? readNamed(key, () => decodeValue(text)) : undefined;
  };

  const set = async (key: string, value: unknown, commit: Commit): Promise<unknown> => {
    await commit({ key, text: encodeValue(key, value, settings().maxValueBytes) });
    return value;
  };

  const remove = async (key: string, commit: Commit): Promise<boolean> => {
    const had = typeof store.get(key)?.text === "string";
    await commit({ key, text: null });
    return had;
  };

  /** All values of a prefix. Each passes the hook of its own, and is left out where that refuses. */
  const valuesOf = async (c: HookContext, params: object, prefix: string): Promise<Record<string, unknown>> => {
    const values = Object.create(null) as Record<string, unknown>;
    for (const key of keysOf(store, prefix)) {
      const scope = streamScope(key);
      const action = scope === undefined ? "getSignal" : "getStream";
      const hook = ownHook(settings().hooks, action);
      const next = async (): Promise<unknown> => valueOf(key);
      try {
        const own = scope === undefined ? { key } : { scope };
        const value = hook ? await hook(c, { ...params, ...own, action }, next) : valueOf(key);
        if (value !== undefined || !hook) values[scope ?? key] = value;
      } catch (error) {
        // What this identity may not see is not there, nor what nobody can read.
        leaveOut(key, error);
      }
    }
    return values;
  };

  return {
    getSignal: async ({ params, at }) => valueOf(signalKey(params.key), at),
    setSignal: ({ params, commit }) => set(signalKey(params.key), params.value, commit),
    deleteSignal: ({ params, commit }) => remove(signalKey(params.key), commit),
    getAllSignals: async ({ c, params }) => ({ signals: await valuesOf(c, params, checkedPrefix(params.prefix)) }),
    getStream: async ({ params, at }) => valueOf(scopeKey(params.scope), at),
    updateStream: ({ params, commit }) => set(scopeKey(params.scope), params.value, commit),
    deleteStream: ({ params, commit }) => remove(scopeKey(params.scope), commit),
    getAllStreams: async ({ c, params }) => ({ streams: await valuesOf(c, params, streamKey("")) }),
    registerStream: async ({ c, params: { scope } }) => {
      scopeKey(scope);
      return { produce: leases.register(c.conn?.id ?? "", [scope], { now: Date.now(), leaseMs: streamLeaseMs }).includes(scope) };
    },
    unregisterStream: async ({ c, params: { scope } }) => {
      scopeKey(scope);
      leases.unregister(c.conn?.id ?? "", [scope]);
    },
    clear: async ({ params, commit }) => ({ cleared: (await commit({ clear: checkedPrefix(params.prefix) })).length }),
  };
}

function keysOf(store: SignalStore, prefix: string): string[] {
  const keys: string[] = [];
  for (let after: string | null = ""; after !== null; ) {
    const page: Replies["list"] = store.list({ prefix, after, withValues: false });
    for (const [key] of page.rows) keys.push(key);
    after = page.after;
  }
  return keys;
}

function signalKey(key: unknown): string {
  checkKey(key);
  return key;
}

/** The key of a stream. @throws {KawaError} KEY_INVALID */
function scopeKey(scope: unknown): string {
  if (typeof scope !== "string" || scope === "" || scope.includes("\0") || !scope.isWellFormed() || Buffer.byteLength(scope) > maxKeyBytes) {
    throw new KawaError("KEY_INVALID", `The scope of a stream must be a text of 1 to ${maxKeyBytes} bytes, not ${show(scope)}.`);
  }
  return streamKey(scope);
}

function checkedPrefix(prefix: unknown): string {
  if (typeof prefix !== "string" || prefix.includes("\0")) {
    throw new KawaError("KEY_INVALID", `A prefix must be a text such as "users:", not ${show(prefix)}.`);
  }
  return prefix;
}
