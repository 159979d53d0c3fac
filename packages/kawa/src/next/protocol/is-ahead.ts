import type { ShownVersions } from "../../core/value/version.ts";

/** True when `versions` are newer than `others` in something; `otherwise` when they show a history that `others` do not. */
export function isAhead(versions: ShownVersions, others: ShownVersions, otherwise: boolean): boolean {
  return Object.entries(versions).some(([epoch, seq]) => {
    const other = others[epoch];
    return other === undefined ? otherwise : seq > other;
  });
}
