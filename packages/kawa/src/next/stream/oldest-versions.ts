import { parseVersions, type ShownVersions, toShownVersions } from "../../core/value/version.ts";
import type { RenderReads } from "../../react/render/render-reads.ts";
import type { ShownRender } from "../protocol/stream-protocol.ts";
import { hub } from "./hub.ts";

/** Versions that a render shows. A render that is known has not read what it does not name. */
export function shownAtLeast([, versions]: ShownRender, render: RenderReads | undefined): ShownVersions {
  return render ? { ...hub().versions, ...toShownVersions(render.versions.values()) } : parseVersions(versions);
}

/** The oldest version of each history that all of them name. What some do not name is of unknown age. */
export function oldestOf([first = {}, ...others]: readonly ShownVersions[]): ShownVersions {
  const oldest = new Map(Object.entries(first));
  for (const other of others) {
    for (const [epoch, seq] of oldest) {
      const own = other[epoch];
      if (own === undefined) oldest.delete(epoch);
      else oldest.set(epoch, Math.min(own, seq));
    }
  }
  return Object.fromEntries(oldest);
}
