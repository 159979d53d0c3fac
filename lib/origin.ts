/** True for a request that a browser sends on behalf of another site. Programs such as curl send neither header. */
export function isCrossSite(request: Request): boolean {
  if (request.headers.get("sec-fetch-site") === "cross-site") return true;
  const origin = request.headers.get("origin");
  return origin !== null && hostOf(origin) !== request.headers.get("host")?.toLowerCase();
}

/** Undefined for `null`, the origin of sandboxed frames and local files. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
