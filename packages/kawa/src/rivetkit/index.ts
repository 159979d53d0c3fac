export { createReactiveStateActor, reactiveStateActor, type ReactiveStateActor, type ReactiveStateActorOptions } from "./actor.ts";
export { issueToken, type IssueTokenOptions } from "./client-token.ts";
export { rivetClientOptions, type RivetClientOptions } from "./client-options.ts";
export { type GetContext, withContext } from "./context.ts";
export type { ActionHook, ActionName, ActionParams, ActionResult, AnyContext, HookContext, ReactiveStateActorHooks } from "./hooks.ts";
export { initReactiveBackend, type InitReactiveBackendOptions, type ReactiveBackend } from "./init-reactive-backend.ts";
export { isReactiveBackendInitialized } from "./is-reactive-backend-initialized.ts";
export { reactiveRegistry } from "./reactive-registry.ts";
export type { StartOptions } from "./start-host.ts";
