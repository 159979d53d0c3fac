import type { StaleReport, StreamRequest } from "../protocol/stream-protocol.ts";

/** The same page is reported once in this time, in milliseconds. */
const reportGapMs = 60_000;
const reloadGapMs = 60_000;
const storageKey = "kawa-reload";

/** When each page was reported, by way and path. */
const reportedAt = new Map<string, number>();

/** Has the server write to its log that a page is stale. This module is loaded only for that. */
export function reportStale(src: string, stale: StaleReport): void {
  const kind = `${stale.way} ${stale.path}`;
  const now = performance.now();
  if (now - (reportedAt.get(kind) ?? Number.NEGATIVE_INFINITY) < reportGapMs) return;
  reportedAt.set(kind, now);
  const body: StreamRequest = { tabs: {}, stale };
  const headers = { "content-type": "application/json" };
  // The document may be loaded anew meanwhile.
  fetch(src, {
    method: "POST",
    body: JSON.stringify(body),
    headers,
    credentials: "same-origin",
    cache: "no-store",
    keepalive: true,
  }).catch(() => {
    // The browser says by itself that it is offline.
  });
}

/**
 * Loads the document again, after all other ways have failed: once an announcement, once a minute, and only where the visitor has not used
 * the page and can lose nothing.
 */
export function loadAnew(announced: string): void {
  // Firefox before 120 has no `userActivation`: it counts as used.
  if ((navigator.userActivation?.hasBeenActive ?? true) || (document.activeElement ?? document.body) !== document.body)
    return;
  try {
    const [before, at] = JSON.parse(sessionStorage.getItem(storageKey) ?? "[]") as [announced?: string, at?: number];
    if (before === announced || Math.abs(Date.now() - (at ?? 0)) < reloadGapMs) return;
    sessionStorage.setItem(storageKey, JSON.stringify([announced, Date.now()]));
  } catch {
    // Without storage, a page that reloads without end could not be told.
    return;
  }
  location.reload();
}
