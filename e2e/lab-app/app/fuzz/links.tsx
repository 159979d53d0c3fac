"use client";
import Link from "next/link";
import { type ReactElement, useSyncExternalStore } from "react";

const pages = [
  "plain",
  "segment",
  "fragment",
  "nested/one",
  "nested/two",
  "waiting",
  "slots",
  "slots/deep",
  "feed",
  "feed/photo",
  "action",
  "action/segment",
  "gate",
  "late",
  "client",
  "search?of=a",
  "search?of=b",
  "quiet",
  "photo",
];

/** Null is what Next does by itself: up to the first fallback. */
const prefetched: Readonly<Record<string, true | null>> = { "nested/two": true, waiting: null };

/** Leads to all pages of a run. */
export function Links({ run }: { run: string }): ReactElement {
  const isHydrated = useSyncExternalStore(
    () => () => {},
    () => true,
    () => false,
  );
  return (
    <nav data-hydrated={isHydrated}>
      {pages.map((page) => (
        <Link
          key={page}
          href={`/fuzz/${run}/${page}`}
          prefetch={page in prefetched ? prefetched[page]! : false}
          data-to={page}
        >
          {page}
        </Link>
      ))}
    </nav>
  );
}
