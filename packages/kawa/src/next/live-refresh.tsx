"use client";
import { usePathname, useRouter } from "next/navigation";
import { useEffect, useState, useTransition } from "react";
import { openLiveStream } from "./live-stream.ts";
import { RefreshQueue } from "./refresh-queue.ts";

export type LiveRefreshProps = { src: string; server: string; versions: string };

/** The client half of `<LiveUpdates />`. */
export function LiveRefresh({ src, server, versions }: LiveRefreshProps): null {
  const router = useRouter();
  const pathname = usePathname();
  const [isPending, startTransition] = useTransition();
  const [queue] = useState(() => new RefreshQueue(versions, () => startTransition(() => router.refresh())));

  const [visit, setVisit] = useState(0);

  // A navigation keeps the layouts of the page before, and a refresh renders all of them under the present path.
  const [paths] = useState(() => new Set([pathname]));

  useEffect(() => {
    if (queue.commit(versions, isPending)) paths.clear();
    paths.add(pathname);
  }, [queue, paths, pathname, versions, isPending]);
  useEffect(() => () => queue.stop(), [queue]);
  useEffect(() => {
    // Back and forward show what Next has kept, which may be older than what this layout shows.
    const onPopState = (): void => {
      queue.forget();
      setVisit((count) => count + 1);
    };
    addEventListener("popstate", onPopState);
    return () => removeEventListener("popstate", onPopState);
  }, [queue]);
  useEffect(
    () =>
      openLiveStream({
        url: () => {
          const query = new URLSearchParams({ server, versions: queue.shown });
          for (const path of paths) query.append("path", path);
          return `${src}?${query}`;
        },
        onChange: (announced) => queue.announce(announced),
      }),
    // A new visit asks anew.
    [src, server, pathname, visit, queue, paths],
  );
  return null;
}
