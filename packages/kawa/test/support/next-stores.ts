import { AsyncLocalStorage } from "node:async_hooks";
import { createRequire } from "node:module";

// Next takes it from there when its modules are loaded.
Object.assign(globalThis, { AsyncLocalStorage });

type Store = { run<R>(store: object, fn: () => R): R };

/** Runs `fn` as Next runs code: with these stores of its own. */
export function asNext<R>(
  { work, unit, ...others }: { work: object; unit?: object; afterTask?: object; action?: object },
  fn: () => R,
): R {
  const load = createRequire(import.meta.url);
  const storeOf = (name: string, member: string): Store =>
    load(`next/dist/server/app-render/${name}.external.js`)[member];
  let run = fn;
  const add = (store: Store, value: object | undefined): void => {
    const inner = run;
    if (value) run = () => store.run(value, inner);
  };
  add(storeOf("work-async-storage", "workAsyncStorage"), { page: "/", route: "/", ...work });
  add(storeOf("work-unit-async-storage", "workUnitAsyncStorage"), unit);
  add(storeOf("after-task-async-storage", "afterTaskAsyncStorage"), others.afterTask);
  add(storeOf("action-async-storage", "actionAsyncStorage"), others.action);
  return run();
}

export type NextUnitStore = {
  readonly type: string;
  tags?: string[] | null;
  explicitStale?: number;
  readonly headers?: Headers;
};

/** As {@link asNext}; the work is that of one request, however often it is given. */
export function inNext<R>(work: object, unit: NextUnitStore, fn: () => R): R {
  const load = createRequire(import.meta.url);
  const storeOf = (name: string, member: string): Store =>
    load(`next/dist/server/app-render/${name}.external.js`)[member];
  const run = (): R => storeOf("work-unit-async-storage", "workUnitAsyncStorage").run(unit, fn);
  return storeOf("work-async-storage", "workAsyncStorage").run(Object.assign(work, { page: "/", route: "/" }), run);
}
