import * as React from "react";
import type { ReactNode } from "react";
import { isPromise } from "../checks/is-promise.ts";

type TrackedPromise<T> = Promise<T> & { status?: string; value?: T; reason?: unknown };

type ServerInternals = { H: unknown };

const internals = (React as Record<string, unknown>)[
  "__SERVER_INTERNALS_DO_NOT_USE_OR_WARN_USERS_THEY_CANNOT_UPGRADE"
] as ServerInternals | undefined;

/** False where React does not let other code run components with hooks. */
export const canRunComponents: boolean = internals !== undefined;

/**
 * Runs a server component outside of React's renderer, so that it belongs to no request and sees nothing of what `cache()` keeps for one.
 * It may use `use`, `useMemo`, `useCallback` and `useDebugValue`; every other hook throws.
 */
export function runComponent<P>(
  component: (props: P) => ReactNode | Promise<ReactNode>,
  props: P,
): ReactNode | Promise<ReactNode> {
  const used: TrackedPromise<unknown>[] = [];
  const attempt = (): ReactNode | Promise<ReactNode> => {
    let index = 0;
    let waiting: Promise<unknown> | undefined;
    const use = (promise: TrackedPromise<unknown>): unknown => {
      // As in React, a component that runs again is given its promises by their order.
      const known = (used[index] ??= track(promise));
      if (known !== promise)
        promise.then(
          () => {},
          () => {},
        );
      index += 1;
      if (known.status === "fulfilled") return known.value;
      if (known.status === "rejected") throw known.reason;
      waiting = known;
      throw new Error("A component suspended. Code that calls use() must not catch what it throws.");
    };
    const outer = internals!.H;
    internals!.H = {
      use,
      useMemo: (create: () => unknown) => create(),
      useCallback: (fn: unknown) => fn,
      useDebugValue: () => {},
    };
    try {
      const node = component(props);
      if (!waiting) return node;
    } catch (error) {
      // Kawa's own hooks throw what they wait for. It is a promise for this turn only.
      if (!waiting && isPromise(error)) waiting = new Promise((resolve) => void error.then(resolve, resolve));
      if (!waiting) throw error;
    } finally {
      internals!.H = outer;
    }
    return waiting.then(attempt, attempt);
  };
  return attempt();
}

function track(promise: TrackedPromise<unknown>): TrackedPromise<unknown> {
  if (promise.status === undefined) {
    promise.status = "pending";
    promise.then(
      (value) => void Object.assign(promise, { status: "fulfilled", value }),
      (reason: unknown) => void Object.assign(promise, { status: "rejected", reason }),
    );
  }
  return promise;
}
