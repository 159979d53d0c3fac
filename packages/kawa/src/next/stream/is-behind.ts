import type { Backend } from "../../core/backend/backend.ts";
import type { ChangeLog } from "./change-log.ts";
import { shownVersion } from "./shown-version.ts";
import type { WatchTarget } from "./watch.ts";

const noKeys: ReadonlySet<string> = new Set();

/** True when what is watched certainly shows less of a backend than there is. Costs a look at each key, and waits for nothing. */
export function isBehind(target: WatchTarget, backend: Backend, log: ChangeLog): boolean {
  const { render, except } = target;
  const { id, version } = backend;
  const shown = shownVersion(target, backend);
  if (!shown || version.epoch === "") return false;
  const isOfHistory = shown.epoch === version.epoch;
  if (isOfHistory && shown.seq >= version.seq) return false;
  if (!render || render.isEverything) return true;
  const keys = render.keys.get(id) ?? noKeys;
  if (!isOfHistory) return keys.size > 0;
  if (!log.reaches(shown)) return false;
  for (const key of keys) {
    if (log.isChanged(key, shown) && !except?.has(id, key) && render.hiddenFrom(id, key) === undefined) return true;
  }
  return false;
}
