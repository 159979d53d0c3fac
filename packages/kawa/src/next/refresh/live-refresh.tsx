"use client";
import { usePathname, useRouter, useSearchParams } from "next/navigation";
import { startTransition, useEffect, useLayoutEffect, useState } from "react";
import { watchRoot } from "./failed-root.ts";
import { useKeptScroll } from "./kept-scroll.ts";
import { liveTab } from "./live-tab.ts";
import type { LiveRefreshWay } from "./live-tab-options.ts";
import { refreshRoute } from "./refresh-route.ts";
import { restoreAddresses } from "#router-segments";
import { shownPaths } from "../router/router-tree.ts";
import { onNavigationStart } from "../router/navigation-start.ts";
import { showAgain } from "../boundaries/show-again.ts";

/** Path of a page whose server actions reach another page, or none. */
let misrouted = "";

/** `otherwise` also copes with a network that is lost, and with a deployment that has other actions. */
function renderRoute(next: string, replaced: string, otherwise: () => void): void {
  const { pathname } = location;
  if (pathname === misrouted) return otherwise();
  refreshRoute(next, replaced, shownPaths()).then((isHere) => {
    // The action has led to another page meanwhile, which is rendered by itself.
    if (isHere || location.pathname !== pathname) return;
    misrouted = pathname;
    otherwise();
  }, otherwise);
}

/** Props of {@link LiveRefresh}. */
export type LiveRefreshProps = {
  src: string;
  /** Id of the render that this element is of. */
  render: string;
  /** What the render shows, as `formatVersions` writes it. */
  versions: string;
  /** Tells one visitor from another, and nothing else of them. Empty where the app has no sessions, undefined before it is known. */
  identity?: string | undefined;
  /** @default "auto" */
  refresh?: LiveRefreshWay | undefined;
};

/** The client half of `<LiveUpdates />`. */
export function LiveRefresh({ src, render, versions, identity, refresh: way = "auto" }: LiveRefreshProps): null {
  const router = useRouter();
  const pathname = usePathname();
  const searchParams = useSearchParams();
  // Set in the transition of a refresh or a navigation, so they are committed together with it.
  const [refreshCount, setRefreshCount] = useState(liveTab.refreshCount);
  const [navigationCount, setNavigationCount] = useState(liveTab.navigationCount);

  useKeptScroll(render);
  // Before the browser paints: nothing of this commit may show what the visitor before was allowed to see.
  useLayoutEffect(() => liveTab.identify(identity), [identity]);
  // First, so that the stream is asked for with what is shown.
  useEffect(
    () => liveTab.commit({ shown: [render, versions], refreshCount, navigationCount }),
    [render, versions, pathname, searchParams, refreshCount, navigationCount],
  );
  // Nothing is to be shown again after the first commit.
  const shown = [render, refreshCount, navigationCount].join();
  const [first] = useState({ shown, refreshCount });
  useEffect(() => {
    if (shown !== first.shown) showAgain();
  }, [first, shown]);
  // Not after every render: a retry may cause one.
  useEffect(() => {
    if (refreshCount !== first.refreshCount) startTransition(() => liveTab.retry());
  }, [first, refreshCount]);
  useEffect(
    () =>
      liveTab.mount({
        src,
        way,
        refresh: (step, count, next, replaced) =>
          startTransition(() => {
            setRefreshCount(count);
            // Only `router.refresh()` drops what was prefetched.
            if (step === "anew") return router.refresh();
            if (step === "page") return router.replace(location.href, { scroll: false });
            renderRoute(next, replaced, () => {
              // `router.refresh()` waits for a server of the page's own build, and there may be none any more.
              if (liveTab.status.get().isOutdated) liveTab.noteFailure();
              else startTransition(() => router.refresh());
            });
          }),
      }),
    [src, way, router],
  );
  useEffect(() => {
    if (process.env.NODE_ENV === "development")
      import("../router/dev-notices.ts").then(
        ({ watchNotices }) => watchNotices(src),
        () => {},
      );
    import("../router/pushed-address.ts").then(
      ({ adoptAddresses }) => adoptAddresses(),
      () => {},
    );
    return watchRoot(src);
  }, [src]);
  useEffect(
    () =>
      onNavigationStart((type) => {
        // Next starts what it restores right afterwards, and React shows it in a later microtask.
        if (type === "traverse") queueMicrotask(restoreAddresses);
        const count = liveTab.noteNavigation();
        startTransition(() => setNavigationCount(count));
      }),
    [],
  );
  return null;
}
