import type { Backend } from "../../core/backend/backend.ts";
import type { ShownVersions } from "../../core/value/version.ts";
import type { RenderFollower, RenderReads } from "../../react/render/render-reads.ts";
import type { Hub } from "./hub.ts";

/** What is shown somewhere, and has to follow what changes. */
export interface WatchTarget {
  /** Undefined for a render that this process does not know: any change may concern it. */
  readonly render: RenderReads | undefined;
  /** Reads of this render do not count. */
  readonly except?: RenderReads | undefined;
  /** Versions that are shown, where the render itself does not know them: an unknown render, or a fragment. */
  readonly versions: ShownVersions;
  /** Called when the shown values of a backend are, or may be, out of date; without one where this process hears nothing of it. */
  onChange(backend: Backend | undefined): void;
}

/** Lasts until {@link stop}. */
export class Watch implements RenderFollower {
  readonly target: WatchTarget;
  readonly #hub: Hub;

  constructor(hub: Hub, target: WatchTarget) {
    this.#hub = hub;
    this.target = target;
  }

  onRead(backendId: string, key: string): void {
    this.#hub.noteRead(this, backendId, key);
  }

  onOlder(backendId: string): void {
    this.#hub.noteOlder(this, backendId);
  }

  stop(): void {
    this.#hub.unwatch(this);
  }
}
