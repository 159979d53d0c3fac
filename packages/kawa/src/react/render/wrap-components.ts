import type { ReactNode } from "react";
import { isPromise } from "../checks/is-promise.ts";

type Component = (props: object) => ReactNode | Promise<ReactNode>;
type Element = { readonly $$typeof: symbol; readonly type: unknown; readonly props: Readonly<Record<string, unknown>> };

/** Runs a component. */
export type Run = <T>(component: () => T) => T;

const elementType = Symbol.for("react.transitional.element");
const ownRun = Symbol.for("kawa.own-run");

/** Marks a component that runs in a way of its own: {@link wrapComponents} leaves it as it is. */
export function markOwnRun(component: object): void {
  Object.defineProperty(component, ownRun, { value: true });
}

/**
 * The same content, in which `run` runs each server component: those in the content, and those in what they return. React runs them
 * later, one by one, so nothing else tells on whose behalf a component runs. Only elements and arrays are looked into.
 */
export function wrapComponents(node: ReactNode, run: Run): ReactNode {
  return mapElements(node, (element, map) =>
    isServerComponent(element.type)
      ? withTypeAndProps(element, wrapped(element.type, run), mapProps(element.props, map))
      : withProps(element, mapProps(element.props, map)),
  );
}

/**
 * The same content, in which each server component has run already and is replaced by one that returns what `run` has made of it. Keys and
 * positions stay, so client components keep their state. Resolves when all have run.
 */
export async function resolveComponents(
  node: ReactNode,
  run: (component: Component, props: object) => ReactNode | Promise<ReactNode>,
): Promise<ReactNode> {
  const pending: Promise<unknown>[] = [];
  const resolve = (content: ReactNode): ReactNode =>
    mapElements(content, (element, map) => {
      if (!isServerComponent(element.type)) return withProps(element, mapProps(element.props, map));
      // Its props are left as they are: a component in them runs where this one shows it, if it does.
      const output = run(element.type, element.props);
      let shown: ReactNode;
      if (isPromise(output)) {
        const part = output.then((late) => void (shown = resolve(late)));
        // Another part may fail first; then nobody awaits this one.
        part.catch(() => {});
        pending.push(part);
      } else shown = resolve(output);
      const Resolved: Component = () => shown;
      Object.defineProperty(Resolved, "name", { value: element.type.name });
      markOwnRun(Resolved);
      return withTypeAndProps(element, Resolved, {});
    });
  const resolved = resolve(node);
  // A late part may have added further parts.
  for (const part of pending) await part;
  return resolved;
}

type MapElement = (element: Element, map: (value: unknown) => unknown) => Element;

function mapElements(node: ReactNode, mapElement: MapElement): ReactNode {
  const map = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return changed(value, value.map(map));
    return isElement(value) ? mapElement(value, map) : value;
  };
  return map(node) as ReactNode;
}

function mapProps(props: Element["props"], map: (value: unknown) => unknown): Element["props"] {
  const entries = Object.entries(props).map(([name, value]) => [name, map(value)] as const);
  return entries.every(([name, value]) => props[name] === value) ? props : Object.fromEntries(entries);
}

function withProps(element: Element, props: Element["props"]): Element {
  return props === element.props ? element : withTypeAndProps(element, element.type, props);
}

function withTypeAndProps(element: Element, type: unknown, props: Element["props"]): Element {
  // In development an element also has hidden fields, such as whether its keys have been checked.
  return Object.defineProperties(
    {},
    {
      ...Object.getOwnPropertyDescriptors(element),
      type: { value: type, enumerable: true },
      props: { value: props, enumerable: true },
    },
  ) as Element;
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
