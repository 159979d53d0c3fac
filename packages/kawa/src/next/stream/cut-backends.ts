import { type Backend, knownBackends } from "../../core/backend/backend.ts";

const none: readonly Backend[] = [];

/** Backends whose changes this process may not hear of at the moment. */
export function cutBackends(): readonly Backend[] {
  let cut = none;
  for (const backend of knownBackends().values()) if (backend.isCut) cut = [...cut, backend];
  return cut;
}
