/** A promise that React knows to be fulfilled at once. */
export function fulfilled<T>(value: T): Promise<T> {
  return Object.assign(Promise.resolve(value), { status: "fulfilled", value });
}

/**
 * For `use()` where there is nothing to wait for. React runs a component that has waited again, and gives it its promises by their order,
 * so a hook that waits only sometimes has to call `use()` each time.
 */
export const ready: Promise<undefined> = fulfilled(undefined);
