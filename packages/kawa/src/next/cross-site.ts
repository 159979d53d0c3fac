import { askedHosts } from "./network.ts";

/** True for a request that a browser sends on behalf of another site. Programs such as curl send neither header. */
export function isCrossSite(request: Request): boolean {
  // No page can set this header. Browsers send it over https, and to localhost.
  const site = request.headers.get("sec-fetch-site");
  if (site === "same-origin") return false;
  if (site === "cross-site" || site === "same-site") return true;
  const origin = request.headers.get("origin");
  // That of a trusted proxy comes last.
  return origin !== null && hostOf(origin) !== askedHosts(request).at(-1);
}

/** Undefined for `null`, the origin of sandboxed frames and local files. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
