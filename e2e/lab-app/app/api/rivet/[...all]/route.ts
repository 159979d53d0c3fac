import { createRegistryRoute } from "kawa/next";
import { registry } from "../../../../lib/registry.ts";

export const { DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT } = createRegistryRoute(registry);
