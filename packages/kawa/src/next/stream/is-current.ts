import type { Backend } from "../../core/backend/backend.ts";
import type { ChangeLog } from "./change-log.ts";
import { shownVersion } from "./shown-version.ts";
import type { WatchTarget } from "./watch.ts";

/** How far the clocks of servers may differ, and how late a server may hear of a change. */
const clockMarginMs = 5_000;

/**
 * True when what is watched is known to show the newest values of a backend. May ask the actor and its hooks.
 *
 * @param keys those that concern it; undefined stands for all
 */
export async function isCurrent(
  target: WatchTarget,
  backend: Backend,
  log: ChangeLog,
  keys: ReadonlySet<string> | undefined,
): Promise<boolean> {
  const shown = shownVersion(target, backend);
  // Nothing of another history is current.
  if (shown?.epoch !== backend.version.epoch) return !keys && isUnchangedSince(target, backend, log);
  if (shown.seq >= backend.version.seq) return true;
  if (log.reaches(shown)) return !(await showsChange(target, backend, log.changed(keys, shown)));
  if (!keys || backend.isGuarded) return false;
  // The actor knows the commit that wrote each key. One load serves all who ask.
  await backend.load([...keys]);
  return [...keys].every((key) => backend.entry(key).peek().seq <= shown.seq);
}

/**
 * True when a backend has not changed since an unknown render that does not name it was made: a late part of the render may have read from
 * it.
 */
function isUnchangedSince({ versions }: WatchTarget, { version }: Backend, log: ChangeLog): boolean {
  const renderedAtMs = versions[""];
  if (renderedAtMs === undefined || versions[version.epoch] !== undefined) return false;
  return log.changedAtMs + clockMarginMs < renderedAtMs;
}

/** True when the visitor may see one of the changed keys: what stays hidden has not changed for them. */
export async function showsChange(
  { render }: WatchTarget,
  backend: Backend,
  changed: Iterable<string>,
): Promise<boolean> {
  const hidden: (readonly [key: string, identity: string])[] = [];
  for (const key of changed) {
    const identity = render?.hiddenFrom(backend.id, key);
    if (identity === undefined) return true;
    hidden.push([key, identity]);
  }
  const seen = await Promise.all(hidden.map(([key, identity]) => seesValue(backend, key, identity)));
  return seen.includes(true);
}

/** True also when that is unknown: one render too many is possible, one too few is not. */
async function seesValue(backend: Backend, key: string, identity: string): Promise<boolean> {
  try {
    return (await backend.seesValue?.(key, identity)) ?? true;
  } catch {
    return true;
  }
}
