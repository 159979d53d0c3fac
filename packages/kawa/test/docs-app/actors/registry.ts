import { createReactiveStateActor } from "kawa/rivetkit";
import { actor, setup } from "rivetkit";

const reactiveState = createReactiveStateActor({ setSignal: (_c, params, next) => next(params) });
const myActor = actor({ state: { count: 0 }, actions: { increment: (c) => (c.state.count += 1) } });

export const registry = setup({ use: { reactiveState, myActor } });
