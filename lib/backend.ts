import { initReactiveBackend } from "kawa/rivetkit";
import { registry } from "@/actors/registry";
import { currentIdentity } from "./session";

/** Signals of this app live in the `reactiveState` actor of our registry. Its hooks are told who acts. */
export const backend = initReactiveBackend({ registry, getContext: currentIdentity });
