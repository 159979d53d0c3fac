import type { Backend } from "../../core/backend/backend.ts";
import type { Version } from "../../core/value/version.ts";
import type { WatchTarget } from "./watch.ts";

/** The version of a backend that is shown; undefined where it is unknown. */
export function shownVersion(
  { render, versions }: WatchTarget,
  { id, version: { epoch } }: Backend,
): Version | undefined {
  const seq = versions[epoch];
  return render?.versions.get(id) ?? (seq === undefined ? undefined : { epoch, seq });
}

/** True when what is watched shows something of a backend, as far as that is known. */
export function showsBackend(target: WatchTarget, { id, version }: Backend): boolean {
  const { render } = target;
  return render ? render.keys.has(id) || render.versions.has(id) : target.versions[version.epoch] !== undefined;
}
