import type { ReactNode } from "react";
import { isPromise } from "./is-promise.ts";

type Component = (props: unknown) => ReactNode | Promise<ReactNode>;
type Element = { readonly $$typeof: symbol; readonly type: unknown; readonly props: Readonly<Record<string, unknown>> };

/** Runs a component. */
export type Run = <T>(component: () => T) => T;

const elementType = Symbol.for("react.transitional.element");
const ownRun = Symbol.for("kawa.own-run");

/** Says of a component that it is run in a way of its own, which {@link wrapComponents} leaves as it is. */
export function markOwnRun(component: object): void {
  Object.defineProperty(component, ownRun, { value: true });
}

/**
 * The same content, in which each server component is run by `run`: those that are in it, and those in what these return. React
 * runs them later, one by one, so nothing else tells on whose behalf a component runs. What is neither an element nor in an
 * array stays as it is.
 */
export function wrapComponents(node: ReactNode, run: Run): ReactNode {
  return wrap(node, run) as ReactNode;
}

function wrap(value: unknown, run: Run): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return changed(value, value.map((item) => wrap(item, run)));
  return isElement(value) ? wrapElement(value, run) : value;
}

function wrapElement(element: Element, run: Run): Element {
  const type = isServerComponent(element.type) ? wrapped(element.type, run) : element.type;
  const entries = Object.entries(element.props).map(([name, value]) => [name, wrap(value, run)] as const);
  const isSame = type === element.type && entries.every(([name, value]) => element.props[name] === value);
  if (isSame) return element;
  // In development an element also has hidden fields, such as whether its keys have been checked.
  return Object.defineProperties({}, {
    ...Object.getOwnPropertyDescriptors(element),
    type: { value: type, enumerable: true },
    props: { value: Object.fromEntries(entries), enumerable: true },
  }) as Element;
}

function wrapped(component: Component, run: Run): Component {
  const wrapper: Component = (props) => {
    const node = run(() => component(props));
    return isPromise(node) ? node.then((content) => wrapComponents(content, run)) : wrapComponents(node, run);
  };
  Object.defineProperty(wrapper, "name", { value: component.name });
  return wrapper;
}

function isElement(value: object): value is Element {
  return "$$typeof" in value && value.$$typeof === elementType;
}

/** References to client components are functions too. */
function isServerComponent(type: unknown): type is Component {
  return typeof type === "function" && !("$$typeof" in type) && !(ownRun in type);
}

function changed<T>(before: readonly T[], after: readonly T[]): readonly T[] {
  return before.every((item, index) => item === after[index]) ? before : after;
}
