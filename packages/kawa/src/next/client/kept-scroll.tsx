import { Component } from "react";
import { liveTab } from "./live-tab.ts";

type Position = { readonly left: number; readonly top: number };

/** Keeps the scroll position over a refresh: after `history.replaceState` Next scrolls to the top (vercel/next.js#98323). */
export class KeptScroll extends Component<{ render: string }> {
  override getSnapshotBeforeUpdate(before: { render: string }): Position | null {
    return before.render !== this.props.render && liveTab.isRefreshingHere ? { left: scrollX, top: scrollY } : null;
  }

  override componentDidUpdate(_props: unknown, _state: unknown, position: Position | null): void {
    if (!position) return;
    // Next scrolls in the same commit, in an effect that may come later.
    queueMicrotask(() => {
      if (scrollX !== position.left || scrollY !== position.top) scrollTo({ ...position, behavior: "instant" });
    });
  }

  override render(): null {
    return null;
  }
}
