import { AsyncLocalStorage } from "node:async_hooks";
import type { Context } from "../../core/backend/backend.ts";
import { KawaError, show } from "../../core/errors/errors.ts";
import { asInRequest, nextWork } from "../../core/work/next-work.ts";
import { processState } from "../../core/process/process-state.ts";
import { noteIdentityAsked } from "../../core/work/public-run.ts";
import { decodeValue, encodeValue } from "../../core/value/value.ts";

/** Tells who acts, from what the server has verified; null or undefined where the caller is anonymous. */
export type GetContext = () => Context | null | undefined | Promise<Context | null | undefined>;

const maxContextBytes = 8 * 1024;

// In an object, which tells an anonymous block from none.
const storage = processState(
  "context",
  () => new AsyncLocalStorage<{ readonly context: Context | null | undefined }>(),
);

/**
 * Runs `fn`, and everything that it awaits, as `context`: hooks of the actor find its fields in their `params`. It wins over
 * the backend's `getContext`; a `context` given to one call wins over both.
 *
 * @example
 * await withContext({ userId: "system" }, () => nightlyTotals.set(totals));
 */
export function withContext<R>(context: Context, fn: () => R): R {
  return storage.run({ context }, fn);
}

/**
 * The encoded identity of an operation that starts now; undefined where the caller is anonymous.
 *
 * @throws {KawaError} CONTEXT_UNAVAILABLE - `getContext` threw
 * @throws {KawaError} VALUE_UNSERIALIZABLE, VALUE_TOO_LARGE - the context is no plain data, or more than 8 KiB
 */
export async function resolveContext(
  given: Context | undefined,
  getContext: GetContext | undefined,
): Promise<string | undefined> {
  const block = given === undefined ? storage.getStore() : { context: given };
  const { context } = block ?? { context: await callGetContext(getContext) };
  return context === undefined || context === null ? undefined : encodeContext(context);
}

export function encodeContext(context: Context): string {
  checkContext(context);
  return encodeValue("context", context, maxContextBytes);
}

export function decodeContext(text: string | undefined): Context {
  const context: unknown = text === undefined ? {} : decodeValue(text);
  checkContext(context);
  return context;
}

/** A text or a list has no fields: hooks would take the caller for anonymous. */
function checkContext(context: unknown): asserts context is Context {
  if (Object.prototype.toString.call(context) === "[object Object]") return;
  throw new KawaError(
    "VALUE_UNSERIALIZABLE",
    `A context must be an object with fields, such as { userId }, not ${show(context)}.`,
  );
}

async function callGetContext(getContext: GetContext | undefined): Promise<Context | null | undefined> {
  const { work, unit } = nextWork() ?? {};
  if (getContext && unit?.type === "cache") throw privateInCache(work!.route);
  noteIdentityAsked();
  try {
    return await asInRequest(() => getContext?.());
  } catch (cause) {
    throw new KawaError(
      "CONTEXT_UNAVAILABLE",
      `getContext() threw: ${cause instanceof Error ? cause.message : String(cause)}. Code outside of a request ` +
        `says who acts: signal.set(value, { context }), or withContext(context, fn).`,
      { cause },
    );
  }
}

function privateInCache(route: string): KawaError {
  return new KawaError(
    "CACHE_PRIVATE",
    `Hooks of an actor need the identity, in "use cache" in "${route}": a cached result is shown to everybody. Do it outside of the cached ` +
      `function, and pass the result as an argument; or say who acts there: signal.get({ context }).`,
  );
}
