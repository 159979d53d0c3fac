/** True for a request that a browser sends on behalf of another site. Programs such as curl send neither header. */
export function isCrossSite(request: Request): boolean {
  if (["cross-site", "same-site"].includes(request.headers.get("sec-fetch-site") ?? "")) return true;
  const origin = request.headers.get("origin");
  if (origin === null) return false;
  const host = request.headers.get("x-forwarded-host") ?? request.headers.get("host");
  return hostOf(origin) !== host?.split(",")[0]?.trim().toLowerCase();
}

/** Undefined for `null`, the origin of sandboxed frames and local files. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
