export { answerErrors } from "./answer.ts";
export { isCrossSite } from "./cross-site.ts";
export { reactive, type ReactiveOptions } from "./fragments/reactive.tsx";
export { LivePage, LiveUpdates, type LiveUpdatesProps } from "./live-updates.tsx";
export { createReactiveRoute, type ReactiveRouteOptions, type StreamSession } from "./reactive-route.ts";
export { createRegistryRoute } from "./registry-route.ts";
export { startKawa, type StartKawaOptions } from "./start-kawa.ts";
