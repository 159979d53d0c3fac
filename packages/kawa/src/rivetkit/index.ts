export { reactiveStateActor } from "./actor.ts";
export { initReactiveBackend, type InitReactiveBackendOptions, type ReactiveBackend } from "./init-reactive-backend.ts";
export { reactiveRegistry } from "./reactive-registry.ts";
