import type { Backend } from "../../core/backend/backend.ts";
import { parseVersions, type ShownVersions } from "../../core/value/version.ts";
import type { RenderReads } from "../../react/render/render-reads.ts";
import type { RefreshWay } from "../protocol/stream-protocol.ts";
import type { FollowedTab } from "./followed-tab.ts";
import type { WatchTarget } from "./watch.ts";

export type ShownPartOptions = {
  readonly render: RenderReads | undefined;
  /** What this render has read does not count. */
  readonly except: RenderReads | undefined;
  readonly versions: string;
};

/** What a tab shows of its route, or of its page. */
export class ShownPart implements WatchTarget {
  readonly render: RenderReads | undefined;
  readonly except: RenderReads | undefined;
  readonly #versions: string;
  readonly #tab: FollowedTab;
  readonly #way: RefreshWay;

  constructor(tab: FollowedTab, way: RefreshWay, { render, except, versions }: ShownPartOptions) {
    this.#tab = tab;
    this.#way = way;
    this.render = render;
    this.except = except;
    // A render that is known says itself which versions it shows.
    this.#versions = render && render.versions.size > 0 ? "" : versions;
  }

  get versions(): ShownVersions {
    return parseVersions(this.#versions);
  }

  onChange(backend: Backend | undefined): void {
    this.#tab.noteChange(this.#way, backend);
  }
}
