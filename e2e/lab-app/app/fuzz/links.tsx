"use client";
import Link from "next/link";
import { type ReactElement, useSyncExternalStore } from "react";

const pages = [
  "plain",
  "segment",
  "fragment",
  "nested/one",
  "nested/two",
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
        <Link key={page} href={`/fuzz/${run}/${page}`} prefetch={page === "nested/two"} data-to={page}>
          {page}
        </Link>
      ))}
    </nav>
  );
}
