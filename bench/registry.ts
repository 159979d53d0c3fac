import { setup } from "rivetkit";
import { reactiveStateActor } from "kawa/rivetkit";
import { bareActor } from "./bare-actor.ts";

/** Both actors in one runner, so that they share process, engine and connection. */
export const registry = setup({ use: { reactiveState: reactiveStateActor, bare: bareActor } });
