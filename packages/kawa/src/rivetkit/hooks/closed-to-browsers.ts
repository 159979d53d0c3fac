import { KawaError } from "../../core/errors/errors.ts";
import { processState } from "../../core/process/process-state.ts";
import { env } from "../settings/env.ts";
import type { ActionName } from "./hooks.ts";

const told = processState("closed-actions", () => new Set<ActionName>());

/** Refuses a browser an action that no hook names. */
export function closedToBrowsers(name: ActionName): KawaError {
  const message =
    `${name} is closed to browsers: the actor has hooks for other actions of this kind, and none for this one. ` +
    `To allow it, add the hook: ${name}: (c, params, next) => next(params).`;
  if (env.isDevelopment && !told.has(name)) {
    told.add(name);
    console.warn(`[kawa] ${message}`);
  }
  return new KawaError("ACTION_REFUSED", message, { data: { isPublic: true, publicMessage: "This is not allowed." } });
}
