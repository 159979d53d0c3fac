import type { Component } from "react";

/** A boundary of Next that shows `not-found.tsx`, `error.tsx` or the like in place of what it was given. */
export type CaughtBoundary = Component<{ readonly children?: unknown }, BoundaryState> & {
  /** Only error boundaries have it: has Next render the route, and shows the result. */
  readonly retry?: () => void;
};

type BoundaryState = {
  readonly previousPathname: string | null;
  readonly triggeredStatus?: number | undefined;
  readonly error?: object | null;
};

/** What is read of an element on the screen as React keeps it. */
type Fiber = {
  readonly type: unknown;
  readonly stateNode: unknown;
  readonly child: Fiber | null;
  readonly sibling: Fiber | null;
};

/** Next has no word for which boundaries have caught something: they are found among all that React shows. */
export function findCaughtBoundaries(): CaughtBoundary[] {
  const caught: CaughtBoundary[] = [];
  const left = [findRoot()];
  while (left.length > 0) {
    const fiber = left.pop();
    if (!fiber) continue;
    if (typeof fiber.type === "function" && isCaught(fiber.stateNode)) caught.push(fiber.stateNode);
    if (fiber.sibling) left.push(fiber.sibling);
    if (fiber.child) left.push(fiber.child);
  }
  return caught;
}

/** Tells by the state alone: in production class names are minified. */
export function isCaught(instance: unknown): instance is CaughtBoundary {
  const state = (instance as { readonly state?: BoundaryState } | null)?.state;
  if (!state || typeof state !== "object" || !("previousPathname" in state)) return false;
  return Boolean(state.triggeredStatus || state.error);
}

function findRoot(): Fiber | undefined {
  // Next renders the whole document.
  const [, container] = Object.entries(document).find(([name]) => name.startsWith("__reactContainer$")) ?? [];
  return (container as { stateNode?: { current?: Fiber } } | undefined)?.stateNode?.current;
}
