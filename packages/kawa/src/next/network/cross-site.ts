import { clip, KawaError } from "../../core/errors/errors.ts";
import { askedHosts, forwardedPort } from "./forwarded-headers.ts";

/** True for a request that a browser sends on behalf of another site. Programs such as curl send neither header. */
export function isCrossSite(request: Request): boolean {
  // No page can set this header. Browsers send it over https, and to localhost.
  const site = request.headers.get("sec-fetch-site");
  if (site === "same-origin") return false;
  if (site === "cross-site" || site === "same-site") return true;
  const origin = request.headers.get("origin");
  return origin !== null && !isOwn(origin, request);
}

/** Says what to do where it is the app's own page, and a proxy in between has changed the host or lost its port. */
export function originRefused(request: Request): KawaError {
  const origin = request.headers.get("origin");
  const asked = askedHosts(request).at(-1);
  const isCompared = origin !== null && request.headers.get("sec-fetch-site") === null;
  const advice =
    ` Its origin is "${clip(origin)}", and the requested host is "${clip(asked)}". If that is this app, let the proxy keep the host ` +
    `with its port: in nginx, proxy_set_header Host $http_host; or let it set X-Forwarded-Host, and set KAWA_TRUSTED_PROXIES.`;
  return new KawaError("ORIGIN_REFUSED", `Requests from pages of another site are refused.${isCompared ? advice : ""}`);
}

function isOwn(origin: string, request: Request): boolean {
  // Undefined for `null`, the origin of sandboxed frames and local files.
  const { host, protocol } = URL.canParse(origin) ? new URL(origin) : {};
  if (!host || !protocol) return false;
  // The host that a trusted proxy was asked for comes last.
  const asked = askedHosts(request).at(-1);
  if (asked === undefined) return false;
  const port = forwardedPort(request);
  const isPortTold = /:\d+$/.test(asked);
  return [asked, ...(port === undefined || isPortTold ? [] : [`${asked}:${port}`])].some(
    (name) => hostOf(`${protocol}//${name}`) === host,
  );
}

/** The host of a URL as browsers write it: without the protocol's default port. */
function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}
