import { processState } from "../../core/process/process-state.ts";
import type { RenderSnapshots } from "./render-snapshots.ts";

/** Snapshots of the renders whose client components may still be rendered, by render id. */
const shared = processState("client-snapshots", () => new Map<string, RenderSnapshots>());

/** Lets the client components of a page see the same versions as its server components, until {@link unshareSnapshots}. */
export function shareSnapshots(renderId: string, snapshots: RenderSnapshots): void {
  shared.set(renderId, snapshots);
}

export function unshareSnapshots(renderId: string): void {
  shared.delete(renderId);
}

/** The snapshots of a render; undefined when its page has been sent already. */
export function sharedSnapshots(renderId: string): RenderSnapshots | undefined {
  return shared.get(renderId);
}
