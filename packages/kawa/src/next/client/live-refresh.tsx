"use client";
import { usePathname, useRouter, useSearchParams } from "next/navigation";
import { type ReactElement, startTransition, useEffect, useLayoutEffect, useState } from "react";
import { KeptScroll } from "./kept-scroll.tsx";
import { liveTab, type LiveRefreshWay } from "./live-tab.ts";
import { refreshRoute } from "../refresh-route.ts";
import { isNavigationReported, onNavigationStart } from "./navigation-start.ts";

export type LiveRefreshProps = {
  src: string;
  /** Id of the render that this element is of. */
  render: string;
  /** What the render shows, as `formatVersions` writes it. */
  versions: string;
  /** Tells one visitor from another, and nothing else of them. Empty where the app has no sessions, undefined while nobody knows. */
  identity?: string | undefined;
  /** @default "auto" */
  refresh?: LiveRefreshWay | undefined;
};

/** The client half of `<LiveUpdates />`. */
export function LiveRefresh({ src, render, versions, identity, refresh: way = "auto" }: LiveRefreshProps): ReactElement {
  const router = useRouter();
  const pathname = usePathname();
  const searchParams = useSearchParams();
  // Set in the transition of a refresh or a navigation, so they are committed together with it.
  const [refreshCount, setRefreshCount] = useState(liveTab.refreshCount);
  const [navigationCount, setNavigationCount] = useState(liveTab.navigationCount);

  // Before the browser paints: nothing of this commit may show what the visitor before was allowed to see.
  useLayoutEffect(() => liveTab.identify(identity), [identity]);
  // First, so that the stream is asked for with what is shown.
  useEffect(
    () => liveTab.commit({ shown: [render, versions], refreshCount, navigationCount }),
    [render, versions, pathname, searchParams, refreshCount, navigationCount],
  );
  useEffect(
    () =>
      liveTab.mount({
        src,
        way,
        refresh: (step, count, next, replaced) =>
          startTransition(() => {
            setRefreshCount(count);
            // Where nobody tells of navigations, this could take the user back from one. Next doubles a hash.
            const canReplace = step !== "route" && isNavigationReported() && location.hash === "";
            if (canReplace) router.replace(location.href, { scroll: false });
            // The network may be lost, or a deployment has other actions: `router.refresh()` copes with both.
            if (!canReplace || step === "both") refreshRoute(next, replaced).catch(() => startTransition(() => router.refresh()));
            liveTab.retry();
          }),
      }),
    [src, way, router],
  );
  useEffect(
    () =>
      onNavigationStart(() => {
        const count = liveTab.noteNavigation();
        startTransition(() => setNavigationCount(count));
      }),
    [],
  );
  return <KeptScroll render={render} />;
}
