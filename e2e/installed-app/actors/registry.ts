import { reactiveStateActor } from "kawa/rivetkit";
import { setup } from "rivetkit";

export const registry = setup({ use: { reactiveState: reactiveStateActor } });
