import { globalBackend } from "../core/backend/backend.ts";

/**
 * True from `initReactiveBackend` until its backend is closed: whether the namespaces that name no backend keep their
 * signals in an actor, rather than in this process. Backends with `global: false` do not count.
 *
 * @example
 * if (!isReactiveBackendInitialized()) initReactiveBackend({ registry: reactiveRegistry });
 */
export function isReactiveBackendInitialized(): boolean {
  const backend = globalBackend.peek();
  return backend !== undefined && backend.status !== "closed";
}
