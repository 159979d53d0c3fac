import type { StaleReport, StreamRequest } from "../protocol/stream-protocol.ts";

/** A page that stays stale is no news for so long, in milliseconds. */
const reportGapMs = 60_000;
const reloadGapMs = 60_000;
const storageKey = "kawa-reload";

/** When, by path and way. */
const reportedAt = new Map<string, number>();

/** Tells the server, whose log somebody reads. Loaded only where something has gone wrong. */
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
 * Loads the document anew, the last way there is: once for one announcement, once a minute, and only where nobody has used the page, so
 * that there is nothing to lose.
 */
export function loadAnew(announced: string): void {
  // Firefox before 120 does not tell.
  if ((navigator.userActivation?.hasBeenActive ?? true) || (document.activeElement ?? document.body) !== document.body)
    return;
  try {
    const [before, at] = JSON.parse(sessionStorage.getItem(storageKey) ?? "[]") as [announced?: string, at?: number];
    if (before === announced || Math.abs(Date.now() - (at ?? 0)) < reloadGapMs) return;
    sessionStorage.setItem(storageKey, JSON.stringify([announced, Date.now()]));
  } catch {
    // Where nothing is kept, nobody would notice a loop.
    return;
  }
  location.reload();
}
