import { createHash } from "node:crypto";
import { clip } from "../../core/errors/errors.ts";
import { nextWork } from "../../core/work/next-work.ts";
import { processState } from "../../core/process/process-state.ts";
import { isMarkedRefresh, senderOf } from "../../core/work/refresh-requests.ts";
import { addressOf } from "../network/asking-client.ts";

/** Most renders in a minute for one browser. A page that changes itself is rendered some ten times a second, a fragment more often. */
const maxRenders = { page: 200, fragment: 1_500 } as const;
const windowMs = 60_000;
/** Most pages and browsers that are counted at once. */
const maxCounted = 1_000;
/** Most pages that are reported. */
const maxTold = 100;

type Count = { readonly since: number; renders: number };

const state = processState("refresh-pace", () => ({ counts: new Map<string, Count>(), told: new Set<string>() }));

/** Counts a render that only shows a page again, by page and browser. */
export function countRefresh({ headers }: { readonly headers: Headers }): void {
  const { work, unit } = nextWork() ?? {};
  if (!work || unit?.type !== "request" || headers.get("accept")?.includes("text/html")) return;
  if (!isMarkedRefresh(headers) && senderOf({ headers, url: unit.url }) !== "itself") return;
  const address = `${unit.url?.pathname ?? ""}${unit.url?.search ?? ""}`;
  const browser = [addressOf({ headers }), headers.get("user-agent"), headers.get("cookie")];
  countRender(
    "page",
    createHash("sha256")
      .update(JSON.stringify([work.route, address, ...browser]))
      .digest("base64url"),
    work.route,
  );
}

/**
 * Says once of a page that it is rendered again and again: whatever makes it change. That may be invisible to this process: an action that
 * an effect calls, a route handler that the page asks, or a client of an actor.
 *
 * @param of what is rendered, and for whom
 */
export function countRender(
  kind: keyof typeof maxRenders,
  of: string,
  route: string,
  now: number = performance.now(),
): void {
  const { counts, told } = state;
  if (told.has(route) || told.size >= maxTold) return;
  let count = counts.get(of);
  if (!count || now - count.since > windowMs) {
    counts.delete(of);
    counts.set(of, (count = { since: now, renders: 0 }));
    if (counts.size > maxCounted) counts.delete(counts.keys().next().value!);
  }
  count.renders += 1;
  if (count.renders < maxRenders[kind]) return;
  counts.delete(of);
  told.add(route);
  const what = kind === "page" ? `"${clip(route)}"` : `A live fragment of "${clip(route)}"`;
  console.warn(
    `[kawa] ${what} was rendered again ${count.renders} times in ${Math.ceil((now - count.since) / 1_000)} s for one browser. If no other code ` +
      `writes that often, the page causes its own refreshes: an effect calls a server action at each render, or the render calls a route handler or an ` +
      `actor that writes. Write only after an event.${kind === "page" ? " If other code does, live fragments cost less than a page." : ""}`,
  );
}
