import type { AnyActorDefinition, WakeContextOf } from "rivetkit";
import { reported } from "../../core/process/reported-promise.ts";
import { checkChain, outsideOfHooks, runInHook } from "./hook-chain.ts";
import { withHookedClient } from "./hooked-client.ts";
import type { HookChain, Hooked } from "../wire/protocol.ts";

/** RivetKit's context of the actor: `actorId`, `key`, `db`, `kv`, `log`, `schedule` and so on. */
export type HookContext = WakeContextOf<AnyActorDefinition> & {
  /** The connection of a RivetKit client; absent where a server of this app calls. */
  readonly conn?: { readonly id: string; readonly params: unknown };
};

type SignalRecord = { signals: Record<string, unknown> };
type StreamRecord = { streams: Record<string, unknown> };

type Actions = {
  getSignal: { params: { key: string }; result: unknown };
  setSignal: { params: { key: string; value: unknown }; result: unknown };
  deleteSignal: { params: { key: string }; result: boolean };
  getAllSignals: { params: { prefix: string }; result: SignalRecord };
  getStream: { params: { scope: string }; result: unknown };
  updateStream: { params: { scope: string; value: unknown }; result: unknown };
  deleteStream: { params: { scope: string }; result: boolean };
  getAllStreams: { params: Record<never, never>; result: StreamRecord };
  registerStream: { params: { scope: string }; result: { produce: boolean } };
  unregisterStream: { params: { scope: string }; result: void };
  clear: { params: { prefix: string }; result: { cleared: number } };
};

/** Name of an action of the actor. */
export type ActionName = keyof Actions;

/** The params of an action, without its name and the caller's identity. */
export type OwnParams<N extends ActionName> = Actions[N]["params"];

/**
 * What an action is called with: its own fields, its name, and the fields of the identity that the server has verified. All of
 * those may be missing: an anonymous caller has none.
 */
export type ActionParams<N extends ActionName, C extends object = AnyContext> = N extends ActionName
  ? { action: N } & Actions[N]["params"] & Partial<C>
  : never;

/** The result of an action. */
export type ActionResult<N extends ActionName> = Actions[N]["result"];

// The documented hooks read `params.userId` without a type of their own.
/** Fields of an identity whose type the app has not told. */
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyContext = Record<string, any>;

/**
 * Runs around an action. `next` performs it, once, with the same or changed params; what the hook returns is what the caller
 * gets, and what it throws refuses the action.
 */
export type ActionHook<N extends ActionName, C extends object = AnyContext> = (
  c: HookContext,
  params: ActionParams<N, C>,
  next: (params: ActionParams<N, C>) => Promise<ActionResult<N>>,
) => ActionResult<N> | Promise<ActionResult<N>>;

/**
 * Hooks of {@link createReactiveStateActor}. `C` is the type of the app's own context.
 *
 * `beforeAction` runs first, then the action's own hook, then the action.
 */
export interface ReactiveStateActorHooks<C extends object = AnyContext> {
  /** Called when a client connects. What it throws refuses a RivetKit client; a server of this app has proved itself. */
  onConnect?(c: HookContext): void | Promise<void>;
  /** Around any action; `params.action` is its name. */
  beforeAction?(
    c: HookContext,
    params: ActionParams<ActionName, C>,
    next: (params: ActionParams<ActionName, C>) => Promise<unknown>,
  ): unknown;
  getSignal?: ActionHook<"getSignal", C>;
  /** Gives the stored value. */
  setSignal?: ActionHook<"setSignal", C>;
  /** Gives whether there was a value. */
  deleteSignal?: ActionHook<"deleteSignal", C>;
  getAllSignals?: ActionHook<"getAllSignals", C>;
  getStream?: ActionHook<"getStream", C>;
  updateStream?: ActionHook<"updateStream", C>;
  deleteStream?: ActionHook<"deleteStream", C>;
  getAllStreams?: ActionHook<"getAllStreams", C>;
  clear?: ActionHook<"clear", C>;
}

/** Hooks as the actor calls them, whatever the type of the app's context. */
export type AnyHooks = ReactiveStateActorHooks;

type Next = (params: Record<string, unknown>) => Promise<unknown>;
type Hook = (c: HookContext, params: Record<string, unknown>, next: Next) => unknown;

export function hookedBy(hooks: AnyHooks): Hooked {
  const has = (...names: readonly (keyof AnyHooks)[]): boolean => names.some((name) => hooks[name] !== undefined);
  return {
    reads: has("beforeAction", "getSignal", "getStream"),
    writes: has("beforeAction", "setSignal", "deleteSignal", "updateStream", "deleteStream", "clear"),
    lists: has("beforeAction", "getAllSignals", "getSignal"),
  };
}

/**
 * True when a hook decides about this action. An action that no hook decides about is closed to RivetKit clients, and to browsers where
 * a hook decides about another one of its kind.
 */
export function isCovered(hooks: AnyHooks, name: ActionName): boolean {
  if (ownHook(hooks, name)) return true;
  // Who may delete which key is decided key by key: all at once would pass that by.
  if (name === "clear" && hooks.deleteSignal) return false;
  return hooks.beforeAction !== undefined;
}

/** One call of an action. `chain` are the hooks that wait for it. */
export type HookedCall<N extends ActionName> = {
  readonly hooks: AnyHooks;
  readonly c: HookContext;
  readonly name: N;
  readonly params: object;
  readonly chain?: HookChain | undefined;
};

/**
 * Runs `action` inside of its hooks.
 *
 * @throws {KawaError} HOOK_LOOP - the hooks that wait for it have asked for the same
 */
export async function runHooks<N extends ActionName>(
  call: HookedCall<N>,
  action: (params: ActionParams<N>) => Promise<ActionResult<N>> | ActionResult<N>,
): Promise<ActionResult<N>> {
  const { hooks, name } = call;
  const perform: Next = async (given) => action(given as ActionParams<N>);
  const own = around(name, ownHook(hooks, name), call, perform);
  const all = around("beforeAction", hooks.beforeAction as Hook | undefined, call, own);
  return (await all({ ...call.params, action: name })) as ActionResult<N>;
}

/** As {@link runHooks}, with the action's own hook alone. */
export async function runOwnHook<N extends ActionName>(
  call: HookedCall<N>,
  action: () => ActionResult<N>,
): Promise<ActionResult<N>> {
  const { hooks, name } = call;
  const own = around(name, ownHook(hooks, name), call, async () => action());
  return (await own({ ...call.params, action: name })) as ActionResult<N>;
}

/** The hook of one action alone, without `beforeAction`. */
export function ownHook(hooks: AnyHooks, name: ActionName): Hook | undefined {
  return (hooks as Readonly<Record<string, Hook | undefined>>)[name];
}

function around(
  hookName: string,
  hook: Hook | undefined,
  { c, name, params: asked, chain = [] }: HookedCall<ActionName>,
  inner: Next,
): Next {
  if (!hook) return inner;
  const call = { actorId: c.actorId, name, params: asked };
  return async (params) => {
    checkChain(chain, hookName, call);
    let isCalled = false;
    let hasEnded = false;
    const perform: Next = async (given) => {
      if (isCalled) throw new Error(`A hook of ${name} called next() twice.`);
      // The caller has been told what became of the action.
      if (hasEnded) throw new Error(`A hook of ${name} called next() after it had ended.`);
      isCalled = true;
      return outsideOfHooks(() => inner({ ...given, action: name }));
    };
    try {
      // A hook that looks at the result late, or never, must not end the process.
      const next = (given = params): Promise<unknown> => reported(`Action ${name}`, perform(given));
      return await runInHook({ hook: hookName, call, before: chain }, () => hook(withHookedClient(c), params, next));
    } finally {
      hasEnded = true;
    }
  };
}
