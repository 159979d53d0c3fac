import { initReactiveBackend } from "kawa/rivetkit";
import { registry } from "./registry.ts";

export const backend = initReactiveBackend({ registry });
