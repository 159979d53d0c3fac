import { createReactiveStateActor, initReactiveBackend } from "kawa/rivetkit";
import { setup } from "rivetkit";
import { sessions } from "./sessions.ts";

/** Everybody may do everything, and somebody is asked each time, as in most apps. */
const actor = createReactiveStateActor<{ userId: string }>({
  setSignal: (_, params, next) => next(params),
  deleteSignal: (_, params, next) => next(params),
});

const getContext = async (): Promise<{ userId?: string | undefined }> => ({
  userId: (await sessions.read())?.data?.userId,
});

export const backend = initReactiveBackend({ registry: setup({ use: { reactiveState: actor } }), getContext });
