import { setup } from "rivetkit";
import { reactiveStateActor } from "./actor.ts";

/** A registry with just the `reactiveState` actor, for apps that have no actors of their own. */
export const reactiveRegistry = setup({ use: { reactiveState: reactiveStateActor } });
