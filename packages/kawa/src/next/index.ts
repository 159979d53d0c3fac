export { answerErrors } from "./values/answer.ts";
export { isCrossSite } from "./network/cross-site.ts";
export { reactive, type ReactiveOptions } from "./fragments/reactive.tsx";
export { LivePage, LiveUpdates, type LiveUpdatesProps } from "./live-updates.tsx";
export { createReactiveRoute, type ReactiveRouteOptions, type StreamSession } from "./route/reactive-route.ts";
export { createRegistryRoute } from "./route/registry-route.ts";
export { createHealthRoute, createReadyRoute, type ReadyRouteOptions } from "./route/health-routes.ts";
export { startKawa, type StartKawaOptions } from "./route/start-kawa.ts";
