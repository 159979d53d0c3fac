import { initReactiveBackend } from "kawa/rivetkit";
import { registry } from "../actors/registry";

export const backend = initReactiveBackend({ registry });
