/** A promise of which React knows at once that there is nothing to wait for. */
export function fulfilled<T>(value: T): Promise<T> {
  return Object.assign(Promise.resolve(value), { status: "fulfilled", value });
}

/**
 * For `use()` where there is nothing to wait for. React replays a component that waits, and gives it its promises again by
 * their order: a hook that waits only sometimes has to call `use()` all the same.
 */
export const ready: Promise<undefined> = fulfilled(undefined);
