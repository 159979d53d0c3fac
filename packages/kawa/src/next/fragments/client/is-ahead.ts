import { parseVersions } from "../../../core/value/version.ts";

/** True when `versions` are newer than `others` in something; `otherwise` when they show a history that `others` do not. */
export function isAhead(versions: string, others: string, otherwise: boolean): boolean {
  const known = parseVersions(others);
  let isUnknown = false;
  for (const [epoch, seq] of Object.entries(parseVersions(versions))) {
    const other = known[epoch];
    if (other === undefined) isUnknown = true;
    else if (seq > other) return true;
  }
  return isUnknown && otherwise;
}
