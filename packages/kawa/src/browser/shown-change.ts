import { applyChange, type CommutingChange } from "../core/value/commuting.ts";

/** What a change will make of a value, as far as is known here. */
export function shownChange(key: string, before: unknown, change: CommutingChange): unknown {
  try {
    return applyChange(key, before, change);
  } catch {
    // The server decides: it may have another value by now.
    return before;
  }
}
