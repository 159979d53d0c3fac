import { type Backend, knownBackends } from "../../core/backend/backend.ts";

const none: readonly Backend[] = [];

/** An actor that moves, as from one function to the next, is away for less. What was current so long ago still counts as current. */
const currentMs = 3_500;

/** Backends whose changes this process may not have heard of for a while. */
export function cutBackends(): readonly Backend[] {
  let cut = none;
  for (const backend of knownBackends().values())
    if (backend.isCut && (backend.ageMs ?? Infinity) > currentMs) cut = [...cut, backend];
  return cut;
}
