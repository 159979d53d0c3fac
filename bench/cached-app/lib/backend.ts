import { initReactiveBackend, reactiveRegistry } from "kawa/rivetkit";

export const backend = initReactiveBackend({ registry: reactiveRegistry });
