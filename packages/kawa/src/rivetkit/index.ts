export { actorKeyOf } from "./actor-key-of.ts";
export {
  createReactiveStateActor,
  type Durability,
  reactiveStateActor,
  type ReactiveStateActor,
  type ReactiveStateActorOptions,
} from "./actor/actor.ts";
export { issueToken, type IssueTokenOptions } from "./actor/client-token.ts";
export { rivetClientOptions, type RivetClientOptions } from "./client-options.ts";
export { type GetContext, withContext } from "./identity/context.ts";
export type { ReactiveStateActions } from "./hooks/client-actions.ts";
export { withoutHooks } from "./hooks/hook-chain.ts";
export type {
  ActionHook,
  ActionName,
  ActionParams,
  ActionResult,
  AnyContext,
  HookContext,
  ReactiveStateActorHooks,
} from "./hooks/hooks.ts";
export { initReactiveBackend, type InitReactiveBackendOptions, type ReactiveBackend } from "./init-reactive-backend.ts";
export { isReactiveBackendInitialized } from "./is-reactive-backend-initialized.ts";
export { reactiveRegistry } from "./reactive-registry.ts";
export type { Hosting } from "./settings/hosting.ts";
export type { StartOptions } from "./host/start-host.ts";
