import { initReactiveBackend } from "kawa/rivetkit";
import { registry } from "@/actors/registry";

/** Signals of this app live in the `reactiveState` actor of our registry. */
export const backend = initReactiveBackend({ registry });
