import { createRegistryRoute } from "kawa/next";
import { registry } from "../../../../actors/registry";

export const { DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT } = createRegistryRoute(registry);
