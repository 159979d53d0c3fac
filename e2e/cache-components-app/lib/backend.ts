import { createReactiveStateActor, initReactiveBackend, reactiveStateActor } from "kawa/rivetkit";
import { setup } from "rivetkit";

/** Whoever looks may see everything, but hooks could decide otherwise. */
const guardedActor = createReactiveStateActor({ getSignal: async (_c, params, next) => await next(params) });

const registry = setup({ use: { reactiveState: reactiveStateActor, guarded: guardedActor } });

export const backend = initReactiveBackend({ registry });

export const guardedBackend = initReactiveBackend({ registry, actorName: "guarded", global: false });
