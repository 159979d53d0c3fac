import { reactiveStateActor } from "kawa/rivetkit";
import { setup } from "rivetkit";

/** All actors of this app. Add your own beside `reactiveState`, one file each in this folder. */
export const registry = setup({ use: { reactiveState: reactiveStateActor } });
