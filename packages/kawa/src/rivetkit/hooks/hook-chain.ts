import { AsyncLocalStorage } from "node:async_hooks";
import { createHash } from "node:crypto";
import { clip, KawaError } from "../../core/errors/errors.ts";
import { asOwnWork } from "../../core/work/own-work.ts";
import { processState } from "../../core/process/process-state.ts";
import { encodeValue } from "../../core/value/value.ts";
import type { ActionName } from "./hooks.ts";
import type { HookChain, HookLink } from "../wire/protocol.ts";

type Call = { readonly actorId: string; readonly name: ActionName | "onConnect"; readonly params: object };

/** One run of a hook. What it writes keeps an order of its own: nothing may wait for a write that waits for the hook. */
export type HookRun = {
  readonly hook: string;
  readonly call: Call;
  readonly before: HookChain;
  /** Time of the process clock at which it ended. What it has started may live on. */
  endedAt: number;
};

type Within = { readonly run: HookRun; readonly isPast: boolean };

/** The hook that an operation is a part of, with the chain of hooks that wait. */
export type FromHook = { readonly run: HookRun; readonly chain: HookChain; readonly isPastHooks: boolean };

const maxDepth = 100;
/** A hook may call itself once with the same params: one that guards itself against a second call ends there. */
const maxSameCalls = 2;
/** Most calls below one first call, in chains of at least `deep`: hooks that each make several calls. */
const maxDeepCalls = 10_000;
const deep = 5;
/** This long after a hook's end, what it has started is no longer a part of it, in milliseconds: a timer, for instance. */
const afterglowMs = 1_000;

const storage = processState("hook-run", () => new AsyncLocalStorage<Within | undefined>());
const deepCounts = new WeakMap<HookChain, { count: number }>();

/**
 * Reads and writes without asking hooks, for the hook that is running: what `fn` does, and everything that it awaits, is done as the
 * server itself. A hook looks up with it what it needs to decide, such as a role.
 *
 * @throws {KawaError} HOOK_MISSING - no hook is running here
 * @example
 * createReactiveStateActor<{ userId: string }>({
 *   setSignal: async (c, params, next) => {
 *     const role = await withoutHooks(() => roleOf(params.userId).get());
 *     if (role !== "editor") throw new UserError("Only editors write.");
 *     return await next(params);
 *   },
 * });
 */
export function withoutHooks<R>(fn: () => R): R {
  const within = storage.getStore();
  if (!within) {
    throw new KawaError(
      "HOOK_MISSING",
      "withoutHooks() was called outside of a hook. Call it inside of one, or remove it: elsewhere, server code says who acts with { context }.",
    );
  }
  return storage.run({ run: within.run, isPast: true }, fn);
}

/** The hook that the caller runs in; undefined outside of hooks. */
export function currentHook(): FromHook | undefined {
  const within = storage.getStore();
  if (!within || performance.now() > within.run.endedAt + afterglowMs) return undefined;
  const { run, isPast } = within;
  const chain = [...run.before, linkOf(run)];
  deepCounts.set(chain, deepCounts.get(run.before) ?? { count: 0 });
  return { run, chain, isPastHooks: isPast };
}

/** Runs a hook. What it reads and writes names it ({@link currentHook}). */
export async function runInHook<T>(run: Omit<HookRun, "endedAt">, fn: () => T | Promise<T>): Promise<T> {
  const own: HookRun = { ...run, endedAt: Number.POSITIVE_INFINITY };
  try {
    return await storage.run({ run: own, isPast: false }, () => asOwnWork(fn));
  } finally {
    own.endedAt = performance.now();
  }
}

/** Runs `fn` as no part of a hook, such as the effects of everybody who follows what the hook writes. */
export function outsideOfHooks<T>(fn: () => T): T {
  return storage.run(undefined, fn);
}

/**
 * Refuses a call that one of the waiting hooks has made before, and one of a chain that grows without end.
 *
 * @throws {KawaError} HOOK_LOOP - it would never end
 */
export function checkChain(chain: HookChain, hook: string, call: Call): void {
  if (chain.length === 0) return;
  const asked = linkOf({ hook, call });
  const same = chain.filter((link) => link.call === asked.call);
  if (same.length < maxSameCalls && chain.length < maxDepth && !isTooMuch(chain)) return;
  const last = chain.at(-1)!;
  const way = [...chain.slice(-4), asked].map((link) => `${link.hook} of "${clip(link.target)}"`).join(" → ");
  throw new KawaError(
    "HOOK_LOOP",
    `Hooks call each other without end: ${last.hook} of "${clip(last.target)}" uses "${clip(asked.target)}", which calls ` +
      `${asked.hook} again (${way}). Inside of a hook, read and write with withoutHooks(() => signal.get()).`,
  );
}

function isTooMuch(chain: HookChain): boolean {
  if (chain.length < deep) return false;
  const counted = deepCounts.get(chain) ?? { count: 0 };
  deepCounts.set(chain, counted);
  counted.count += 1;
  return counted.count > maxDeepCalls;
}

const links = new WeakMap<Call, HookLink>();

function linkOf({ hook, call }: Pick<HookRun, "hook" | "call">): HookLink {
  const known = links.get(call);
  if (known?.hook === hook) return known;
  const { actorId, name, params } = call;
  const link = { hook, target: targetOf(params), call: digest([actorId, name, params]) };
  links.set(call, link);
  return link;
}

function targetOf(params: { readonly key?: unknown; readonly scope?: unknown; readonly prefix?: unknown }): string {
  return clip(params.key ?? params.scope ?? params.prefix ?? "");
}

/** Two calls with the same digest are the same: who asks, for what, and with which value. */
function digest(call: unknown): string {
  return createHash("sha256")
    .update(encodeValue("call", call, Number.POSITIVE_INFINITY))
    .digest("base64url")
    .slice(0, 22);
}
