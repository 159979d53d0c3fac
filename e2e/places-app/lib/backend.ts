import { createReactiveStateActor, initReactiveBackend } from "kawa/rivetkit";
import { setup } from "rivetkit";
import { sessions } from "./sessions.ts";

/** Stores who acts, in the place of what is written below `who:`. */
const actor = createReactiveStateActor<{ userId?: string }>({
  setSignal: (_, params, next) =>
    next(params.key.startsWith("who:") ? { ...params, value: params.userId ?? "nobody" } : params),
});

export const backend = initReactiveBackend({
  registry: setup({ use: { reactiveState: actor } }),
  getContext: async () => ({ userId: (await sessions.read())?.data?.userId }),
});
