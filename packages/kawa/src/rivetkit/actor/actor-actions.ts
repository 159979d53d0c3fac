import { isKawaError, KawaError, show } from "../../core/errors/errors.ts";
import { checkKey, maxKeyBytes, streamKey, streamScope } from "../../core/backend/key.ts";
import { pauseIfDue } from "../../core/process/turn-budget.ts";
import { leaveOut, readNamed } from "../../core/value/unreadable.ts";
import { decodeValue, encodeValue } from "../../core/value/value.ts";
import type { Version } from "../../core/value/version.ts";
import type { ActorSettings } from "../hooks/actor-settings.ts";
import {
  type ActionName,
  type ActionParams,
  type ActionResult,
  type HookContext,
  ownHook,
  runOwnHook,
} from "../hooks/hooks.ts";
import type { HookChain, Replies, Row, Write } from "../wire/protocol.ts";
import type { SignalStore } from "../store/signal-store.ts";
import type { StreamLeases } from "../store/stream-leases.ts";

/** Values of a list whose hooks are asked together. */
const hooksAtOnce = 100;

export type ActorActionsOptions = {
  readonly store: SignalStore;
  /** Leases of inline streams. */
  readonly leases: StreamLeases;
  readonly settings: () => ActorSettings;
};

/** How an action writes. Resolves with the rows that are durable now. */
export type Commit = (write: Write) => Promise<readonly Row[]>;

type Call<N extends ActionName> = {
  readonly c: HookContext;
  readonly params: ActionParams<N>;
  readonly commit: Commit;
  /** The version of the snapshot that reads. */
  readonly at?: Version | undefined;
  /** Hooks that wait for this action. */
  readonly chain?: HookChain | undefined;
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
    const prepared = store.prepare([key]);
    if (prepared) await prepared;
    const had = typeof store.get(key)?.text === "string";
    await commit({ key, text: null });
    return had;
  };

  /** All values of a prefix. Each passes the hook of its own, and is left out where that refuses. */
  const valuesOf = async (
    { c, params, chain }: Pick<Call<ActionName>, "c" | "params" | "chain">,
    prefix: string,
  ): Promise<Record<string, unknown>> => {
    const values = Object.create(null) as Record<string, unknown>;
    const { hooks } = settings();
    const shown = async (key: string): Promise<[name: string, value: unknown] | undefined> => {
      const scope = streamScope(key);
      const name = scope === undefined ? "getSignal" : "getStream";
      try {
        const own = scope === undefined ? { key } : { scope };
        const value = await runOwnHook({ hooks, c, name, params: { ...params, ...own }, chain }, () => valueOf(key));
        return value === undefined && ownHook(hooks, name) ? undefined : [scope ?? key, value];
      } catch (error) {
        // The list would ask itself again for each of its keys.
        if (isKawaError(error, "HOOK_LOOP")) throw error;
        // Left out: what this identity may not see, and values that are unreadable.
        leaveOut(key, error);
        return undefined;
      }
    };
    const keys = keysOf(store, prefix);
    for (let at = 0; at < keys.length; at += hooksAtOnce) {
      for (const each of await Promise.all(keys.slice(at, at + hooksAtOnce).map(shown)))
        if (each) values[each[0]] = each[1];
      const pause = pauseIfDue();
      if (pause) await pause;
    }
    return values;
  };

  return {
    getSignal: async ({ params, at }) => {
      const key = signalKey(params.key);
      const prepared = store.prepare([key]);
      if (prepared) await prepared;
      return valueOf(key, at);
    },
    setSignal: ({ params, commit }) => set(signalKey(params.key), params.value, commit),
    deleteSignal: ({ params, commit }) => remove(signalKey(params.key), commit),
    getAllSignals: async (call) => ({ signals: await valuesOf(call, checkedPrefix(call.params.prefix)) }),
    getStream: async ({ params, at }) => valueOf(scopeKey(params.scope), at),
    updateStream: ({ params, commit }) => set(scopeKey(params.scope), params.value, commit),
    deleteStream: ({ params, commit }) => remove(scopeKey(params.scope), commit),
    getAllStreams: async (call) => ({ streams: await valuesOf(call, streamKey("")) }),
    registerStream: async ({ c, params: { scope } }) => {
      scopeKey(scope);
      return {
        produce: leases.register(c.conn?.id ?? "", [scope], Date.now()).includes(scope),
      };
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
  for (let after: string | null = ""; after !== null;) {
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
  if (
    typeof scope !== "string" ||
    scope === "" ||
    scope.includes("\0") ||
    !scope.isWellFormed() ||
    Buffer.byteLength(scope) > maxKeyBytes
  ) {
    throw new KawaError(
      "KEY_INVALID",
      `The scope of a stream must be a text of 1 to ${maxKeyBytes} bytes, not ${show(scope)}.`,
    );
  }
  return streamKey(scope);
}

function checkedPrefix(prefix: unknown): string {
  if (typeof prefix !== "string" || prefix.includes("\0")) {
    throw new KawaError("KEY_INVALID", `A prefix must be a text such as "users:", not ${show(prefix)}.`);
  }
  return prefix;
}
