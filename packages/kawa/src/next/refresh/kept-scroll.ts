import { GlobalLayoutRouterContext } from "next/dist/shared/lib/app-router-context.shared-runtime.js";
import { useContext, useInsertionEffect, useRef } from "react";
import { liveTab } from "./live-tab.ts";

/**
 * Keeps a refresh from scrolling: after `history.replaceState` Next takes it for a navigation (vercel/next.js#98323). The wish to
 * scroll is taken back before Next's layout effects see it. Restoring the position afterwards would undo what the browser does to
 * keep what is being read in its place.
 */
export function useKeptScroll(render: string): void {
  const wish = useContext(GlobalLayoutRouterContext)?.scrollRef?.scrollRef;
  const last = useRef({ render, wish });
  useInsertionEffect(() => {
    const before = last.current;
    last.current = { render, wish };
    if (wish && wish !== before.wish && render !== before.render && liveTab.refreshingHere)
      Object.assign(wish, { current: false });
  });
}
