/**
 * For `use()` where there is nothing to wait for. React replays a component that waits, and gives it its promises again by
 * their order: a hook that waits only sometimes has to call `use()` all the same.
 */
export const ready: Promise<void> = Object.assign(Promise.resolve(), { status: "fulfilled", value: undefined });
