import type { ReactNode } from "react";
import { processState } from "../../../core/process/process-state.ts";

/** A server component that a push can render by itself. */
export type FragmentComponent = (props: object) => ReactNode | Promise<ReactNode>;

const components = processState("fragments", () => new Map<string, FragmentComponent | "ambiguous">());

// Each copy of this module belongs to a layer of Next, and evaluates the modules of the app on its own.
const ownIds = new Set<string>();

const unshared = processState("unshared-fragments", () => new WeakSet<FragmentComponent>());

/** Has each tab run the component on its own, whatever the component reads. */
export function keepUnshared(component: FragmentComponent): void {
  unshared.add(component);
}

export function isUnshared(component: FragmentComponent): boolean {
  return unshared.has(component);
}

/** Remembers a component under its id, so that it can be rendered without the module that holds it. */
export function registerFragment(id: string, component: FragmentComponent): void {
  const isTwice = ownIds.has(id);
  ownIds.add(id);
  // In development the same line comes again after an edit.
  if (isTwice && process.env.NODE_ENV !== "development") {
    console.warn(
      `[kawa] Two reactive() components have the id ${id}. Neither is pushed: give each its own id, as in ` +
        `reactive(Component, { id: "score" }).`,
    );
    components.set(id, "ambiguous");
  } else components.set(id, component);
}

/** Undefined when this process has not evaluated the module that makes it, or cannot tell it from another one. */
export function fragmentComponent(id: string): FragmentComponent | undefined {
  const found = components.get(id);
  return found === "ambiguous" ? undefined : found;
}
