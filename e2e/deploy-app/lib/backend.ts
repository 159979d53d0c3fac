import { createReactiveStateActor, initReactiveBackend } from "kawa/rivetkit";
import { setup } from "rivetkit";
import type { Note } from "./signals";

const reactiveState = createReactiveStateActor({
  setSignal: (_, params, next) =>
    next(
      params.key === "app:note"
        ? { ...params, value: { ...(params.value as Note), by: process.env.APP_BUILD } }
        : params,
    ),
});

export const backend = initReactiveBackend({ registry: setup({ use: { reactiveState }, noWelcome: true }) });
