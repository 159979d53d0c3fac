import { parseVersions } from "../../../core/version.ts";

/** True when `versions` are newer than `others` in something; `otherwise` when no history is common to both. */
export function isAhead(versions: string, others: string, otherwise: boolean): boolean {
  const known = parseVersions(others);
  let isUnknown = false;
  for (const [id, { epoch, seq }] of Object.entries(parseVersions(versions))) {
    const other = known[id];
    if (other?.epoch !== epoch) isUnknown = true;
    else if (seq > other.seq) return true;
  }
  return isUnknown && otherwise;
}
