import type { ActionName, ActionResult, HookContext, OwnParams } from "./hooks.ts";

/** What each action takes one by one. */
type Arguments = {
  getSignal: [key: string];
  setSignal: [key: string, value: unknown];
  deleteSignal: [key: string];
  getAllSignals: [prefix?: string];
  getStream: [scope: string];
  updateStream: [scope: string, value: unknown];
  deleteStream: [scope: string];
  getAllStreams: [];
  registerStream: [scope: string];
  unregisterStream: [scope: string];
  clear: [prefix?: string];
};

/**
 * The actions of {@link reactiveStateActor} as a RivetKit client calls them: `setSignal("k", 1)` or `setSignal({ key: "k", value: 1 })`. The
 * actor refuses those that no hook names.
 */
export type ReactiveStateActions = {
  readonly [N in ActionName]: (
    c: HookContext,
    ...args: Arguments[N] | [params: OwnParams<N>]
  ) => Promise<ActionResult<N>>;
};
