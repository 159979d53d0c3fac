export { LiveUpdates, type LiveUpdatesProps } from "./live-updates.tsx";
export { createReactiveRoute, type ReactiveRouteOptions } from "./reactive-route.ts";
export { createRegistryRoute } from "./registry-route.ts";
export { startKawa } from "./start-kawa.ts";
