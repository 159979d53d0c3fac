import { setup } from "rivetkit";
import { boardActor } from "./board";

/** All actors of this app. Add your own beside `reactiveState`, one file each in this folder. */
export const registry = setup({ use: { reactiveState: boardActor } });
