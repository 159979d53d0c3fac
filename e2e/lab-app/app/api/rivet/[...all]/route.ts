import { createRegistryRoute } from "kawa/next";
import { reactiveRegistry } from "kawa/rivetkit";

export const { DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT } = createRegistryRoute(reactiveRegistry);
