import type { ShownVersions } from "../../core/value/version.ts";

/** True when `versions` are newer than `others` in something; `otherwise` when they show a history that `others` do not. */
export function isAhead(versions: ShownVersions, others: ShownVersions, otherwise: boolean): boolean {
  let isUnknown = false;
  for (const [epoch, seq] of Object.entries(versions)) {
    const other = others[epoch];
    if (other === undefined) isUnknown = true;
    else if (seq > other) return true;
  }
  return isUnknown && otherwise;
}
