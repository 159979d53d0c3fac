import { cacheSignal, use } from "react";
import { KawaError } from "../../core/errors/errors.ts";
import { ready } from "./fulfilled.ts";
import type { HookSource } from "./hook-check.ts";

/** The hook that was called, and what an async function writes instead. */
export type HookCall = { readonly hook: (...args: never) => unknown; readonly name: string; readonly instead: string };

/**
 * One call of a hook in one component: the same object whenever React runs the component again. React takes it for a fulfilled promise, and
 * keeps it by its order among the promises of the component.
 */
export class HookPlace implements PromiseLike<HookPlace> {
  readonly status = "fulfilled";
  readonly value: HookPlace = this;
  failure: { readonly reason: unknown } | undefined;
  hasWaited = false;

  // oxlint-disable-next-line unicorn/no-thenable -- for React alone
  then(): Promise<never> {
    return never;
  }
}

const never = new Promise<never>(() => {});

/**
 * The place of a hook. A hook with `isKnown` has nothing to wait for and makes no place: the result is undefined, also whenever React runs
 * the component again.
 *
 * @throws {KawaError} CONTEXT_UNSUPPORTED - no component is being rendered at this moment
 */
export function useHookPlace(call: HookCall): HookPlace;
export function useHookPlace(call: HookCall, isKnown: boolean): HookPlace | undefined;
export function useHookPlace(call: HookCall, isKnown = false): HookPlace | undefined {
  let place: HookPlace | undefined;
  try {
    // oxlint-disable-next-line react-hooks/rules-of-hooks -- it never waits, and throws only where there is no component
    place = use(isKnown ? ready : new HookPlace());
  } catch (cause) {
    throw misplaced(
      call,
      `${call.name}() was called where no component is being rendered, such as after an await. ${adviceFor(call)}`,
      cause,
    );
  }
  if (place?.failure) throw place.failure.reason;
  return place;
}

/**
 * The place of a hook that had nothing to wait for when its component ran before, and now has: React keeps no place for it. It is the same
 * object until the hook has thrown why it failed.
 */
export function latePlace(places: Map<HookSource, HookPlace>, source: HookSource): HookPlace {
  const found = places.get(source);
  if (!found?.failure) {
    const place = found ?? new HookPlace();
    places.set(source, place);
    return place;
  }
  places.delete(source);
  throw found.failure.reason;
}

/**
 * What a hook throws until `work` is done. React takes it for a promise, and runs the component again afterwards. An async function
 * rejects with it a moment later, when it is only an error. `onTaken` is told which of the two it was.
 */
export function suspension(
  place: HookPlace,
  call: HookCall,
  work: () => Promise<void>,
  onTaken?: (byReact: boolean) => void,
): Error {
  place.hasWaited = true;
  const error = inAsyncFunction(call);
  const settled = work().catch((reason: unknown) => void (place.failure = { reason }));
  let isTaken = false;
  const then: typeof settled.then = (...listeners) => {
    isTaken = true;
    return settled.then(...listeners);
  };
  // oxlint-disable-next-line unicorn/no-thenable -- for React alone
  Object.defineProperty(error, "then", { configurable: true, value: then });
  // React asks for `then` at once, before anybody can have heard of a rejection.
  queueMicrotask(() => {
    Reflect.deleteProperty(error, "then");
    onTaken?.(isTaken);
  });
  return error;
}

/** The error of a hook in an async function, with the stack of its caller. */
export function inAsyncFunction(call: HookCall): KawaError {
  return misplaced(
    call,
    `${call.name}() was called in an async function, which cannot suspend. ${adviceFor(call)} ` +
      `Or remove "async": ${call.name}() is for components that are no async functions.`,
  );
}

function adviceFor({ instead }: HookCall): string {
  const isRendering = cacheSignal()?.aborted === false;
  return isRendering
    ? `Write \`${instead}\`, which makes the page live in the same way.`
    : "Outside of a render, as in a server action or a route handler, write `await signal.get()`.";
}

function misplaced({ hook }: HookCall, message: string, cause?: unknown): KawaError {
  const error = new KawaError("CONTEXT_UNSUPPORTED", message, { cause });
  // The first line of the stack is the caller's.
  Error.captureStackTrace(error, hook);
  return error;
}
