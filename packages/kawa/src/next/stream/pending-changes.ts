import type { RefreshWay, StreamEvents } from "../protocol/stream-protocol.ts";
import type { FollowedTab } from "./followed-tab.ts";

/**
 * What one stream has to tell its tabs. All changes of a turn, and all changes under backpressure, become one event; after that event a new
 * object gathers.
 *
 *     gathering ── end of the turn ─▶ due ── told
 *         ▲────── another change ──────┘
 */
export class PendingChanges {
  readonly #ways = new Map<FollowedTab, RefreshWay>();
  #jitterMs = 0;
  #state: "gathering" | "due" = "due";

  get isDue(): boolean {
    return this.#state === "due";
  }

  /** Returns true for a tab that was not among them. */
  add(tab: FollowedTab, way: RefreshWay): boolean {
    const isNew = !this.#ways.has(tab);
    if (isNew || way === "route") this.#ways.set(tab, way);
    return isNew;
  }

  /** Waits for the end of this turn. Returns false where it does so already. */
  gather(): boolean {
    if (this.#state === "gathering") return false;
    this.#state = "gathering";
    return true;
  }

  /** Called at the end of the turn, when all its changes are known. */
  endTurn(jitterMs: number): void {
    this.#state = "due";
    this.#jitterMs = Math.max(this.#jitterMs, jitterMs);
  }

  toEvent(): StreamEvents["change"] {
    const tabs: Record<string, readonly [RefreshWay, string]> = {};
    for (const [tab, way] of this.#ways) tabs[tab.name] = [way, tab.takeVersions()];
    return { tabs, spreadMs: this.#jitterMs };
  }
}
