/** Symbols by name: to put a text together and look its symbol up takes longer than most of what is done with the state. */
const slots: Record<string, symbol> = {};

/**
 * Returns the value that this process keeps under `name`, made by `create` the first time.
 *
 * One Next.js process holds up to six copies of a module (server components, route handlers, SSR, instrumentation,
 * middleware, and more after an edit in development), so a module variable is never "one per process".
 */
export function processState<T>(name: string, create: () => T): T {
  const slot = (slots[name] ??= Symbol.for(`kawa.${name}`));
  const holder = globalThis as { [key: symbol]: unknown };
  if (!(slot in holder)) holder[slot] = create();
  return holder[slot] as T;
}
