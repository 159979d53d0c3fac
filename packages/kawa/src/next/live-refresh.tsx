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

  useEffect(() => queue.commit(versions, isPending), [queue, versions, isPending]);
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
        url: () => `${src}?${new URLSearchParams({ path: pathname, server, versions: queue.shown })}`,
        onChange: (announced) => queue.announce(announced),
      }),
    // A new visit asks anew.
    [src, server, pathname, visit, queue],
  );
  return null;
}
