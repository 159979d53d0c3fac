import { isKawaError, KawaError } from "../../core/errors/errors.ts";
import { latestSettings } from "./actor-settings.ts";
import { actionNames } from "./client-params.ts";
import { currentHook } from "./hook-chain.ts";
import type { HookChain } from "../wire/protocol.ts";
import type { ActionName, HookContext } from "./hooks.ts";
import { sign, verify } from "../secret/sign.ts";

type Params = Readonly<Record<string, unknown>>;
type Options = { readonly params?: unknown; readonly getParams?: () => Promise<unknown> };
type Call = { readonly name: string; readonly args: readonly unknown[] };

/** A handle or a connection of RivetKit's client. */
interface Handle {
  action(call: Call): Promise<unknown>;
  connect?(params?: unknown, options?: unknown): Handle;
}

/** Methods of RivetKit's client: for each actor, and on the client itself with the actor's name as first argument. */
const openers = ["get", "getOrCreate", "getForId", "create"] as const;
type Openers = Readonly<Record<(typeof openers)[number], (...args: unknown[]) => Handle | Promise<Handle>>>;

/** Field that names the waiting hooks: beside the app's own connection params, or alone in the last argument of an action. */
const field = "kawaHooks";
/** Any actor of this app: RivetKit finds one by its id, whatever its name is said to be. */
const audience = "actors";
const lifetimeMs = 60_000;

const ready = new WeakSet<HookContext>();

/** Has `c.client()` tell actors of this app which hooks wait for what a hook asks for. Returns `c`. */
export function withHookedClient(c: HookContext): HookContext {
  if (ready.has(c) || typeof c.client !== "function") return c;
  const client = c.client.bind(c) as () => object;
  Object.defineProperty(c, "client", { value: () => hookedClient(client()), configurable: true });
  ready.add(c);
  return c;
}

/** Arguments of an action without what the client of a hook has added, and the hooks that it names. */
export function takeHooks(args: readonly unknown[]): { readonly args: readonly unknown[]; readonly chain?: HookChain } {
  const chain = readHooks(args.at(-1));
  return chain ? { args: args.slice(0, -1), chain } : { args };
}

/** The hooks that wait for a connection. */
export function hooksOf({ conn }: Pick<HookContext, "conn">): HookChain | undefined {
  return readHooks(conn?.params);
}

function readHooks(holder: unknown): HookChain | undefined {
  const token = typeof holder === "object" && holder !== null && field in holder ? holder[field] : undefined;
  if (token === undefined) return undefined;
  // A forged field names no hooks.
  const checked = verify({ purpose: "hooks", audience }, token);
  return checked.state === "valid" ? (JSON.parse(checked.payload) as HookChain) : undefined;
}

function hookedClient(client: object): object {
  const isOurs = (name: unknown): name is string => typeof name === "string" && latestSettings(name) !== undefined;
  return new Proxy(client, {
    get(target, property) {
      const value = Reflect.get(target, property, target) as unknown;
      if (isOpener(property)) {
        // The client's own methods take the actor's name first.
        const open = value as Openers["get"];
        return (name: unknown, ...rest: unknown[]) =>
          isOurs(name) ? opener(open.bind(target, name))(...rest) : open(name, ...rest);
      }
      if (!isOurs(property)) return value;
      const actor = value as Openers;
      return { ...actor, ...Object.fromEntries(openers.map((method) => [method, opener(actor[method])])) };
    },
  });
}

function isOpener(property: string | symbol): boolean {
  return openers.some((name) => name === property);
}

function opener(open: Openers["get"]): Openers["get"] {
  return (at, options) => {
    const opened = open(at, withHooks(options as Options | undefined));
    return opened instanceof Promise ? opened.then((handle) => hookedHandle(handle)) : hookedHandle(opened);
  };
}

function hookedHandle(handle: Handle): Handle {
  const act = (call: Call): Promise<unknown> =>
    withOwnErrors(handle.action({ ...call, args: [...call.args, ...marks()] }));
  return new Proxy(handle, {
    get(target, property) {
      if (property === "action") return act;
      if (property === "connect") {
        return (params?: unknown, options?: unknown) =>
          hookedHandle(target.connect!(withMark(params, marks()), options));
      }
      if (actionNames.includes(property as ActionName))
        return (...args: unknown[]) => act({ name: property as string, args });
      return Reflect.get(target, property, target) as unknown;
    },
  });
}

/** Options of a handle whose connections name the hooks that wait for them. */
function withHooks(options: Options | undefined): Options | undefined {
  const mark = marks();
  if (mark.length === 0) return options;
  const { params, getParams } = options ?? {};
  return {
    ...options,
    params: withMark(params ?? {}, mark),
    ...(getParams ? { getParams: async () => withMark(await getParams(), mark) } : {}),
  };
}

/** Params of a connection; undefined for those that the handle was given. */
function withMark(params: unknown, [mark]: readonly Params[]): unknown {
  const isObject = typeof params === "object" && params !== null && !Array.isArray(params);
  return isObject && mark ? { ...params, ...mark } : params;
}

/** The chain of the hook that the caller runs in; empty outside of hooks. */
function marks(): readonly Params[] {
  const from = currentHook();
  if (!from) return [];
  return [
    { [field]: sign({ purpose: "hooks", audience, expiresAt: Date.now() + lifetimeMs }, JSON.stringify(from.chain)) },
  ];
}

/** A hook is told of a loop as by a signal. */
async function withOwnErrors<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    if (code !== "HOOK_LOOP" || isKawaError(error)) throw error;
    // Without its cause: clients are told what a public cause says.
    throw new KawaError("HOOK_LOOP", String(message));
  }
}
