import { isIPv4 } from "node:net";
import { hostname } from "node:os";
import { clip, KawaError } from "../../core/errors/errors.ts";
import { processState } from "../../core/process/process-state.ts";
import { currentPeer } from "./connections.ts";
import { type HostName, parseHost } from "./host-pattern.ts";
import { isLoopback } from "./ip-address.ts";
import { askedHosts } from "./forwarded-headers.ts";
import { networkSettings } from "./network.ts";

/** Most refused names in the log: a page under a strange name could send thousands. */
const maxReported = 20;

const reported = processState("refused-hosts", () => new Set<string>());

/**
 * Refuses a request for a host that is not this app's. A page of another site can make its own name lead to this machine (DNS
 * rebinding); the browser then takes the app for a part of that site, and lets its page read everything.
 *
 * @throws {KawaError} HOST_REFUSED - neither `startKawa({ allowedHosts })` nor the rules without it allow the host
 */
export function checkHost(request: { readonly headers: Headers }): void {
  for (const host of askedHosts(request)) if (!isAllowed(parseHost(host))) refuse(host);
}

function isAllowed(host: HostName | undefined): boolean {
  if (!host) return false;
  const { allowedHosts, trustedProxies, isVercel, isDevelopment } = networkSettings();
  if (isOfThisMachine(host.name)) return true;
  if (allowedHosts) return allowedHosts.some((pattern) => pattern.matches(host));
  if (isDevelopment) return false;
  // Vercel asks for no names but those of the app.
  return trustedProxies > 0 || isVercel || !cameFromThisMachine();
}

/** No other site can have such a name: an address is none, and these names lead nowhere else. */
function isOfThisMachine(name: string): boolean {
  if (isIPv4(name) || name.startsWith("[")) return true;
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  const own = hostname().toLowerCase();
  return name === own || name === `${own}.local`;
}

/** A browser on this machine, or a proxy that was not configured. A socket without an address is one of the file system. */
function cameFromThisMachine(): boolean {
  const peer = currentPeer();
  return peer !== undefined && (peer.address === undefined || isLoopback(peer.address));
}

function refuse(host: string): never {
  const message =
    `A request for the host "${clip(host)}" was refused. If this app is reached under that name, set KAWA_ALLOWED_HOSTS=${clip(host)} ` +
    `or startKawa({ allowedHosts: ["${clip(host)}"] }); behind a proxy set KAWA_TRUSTED_PROXIES=1 too.`;
  if (reported.size < maxReported && !reported.has(host)) {
    reported.add(host);
    console.warn(`[kawa] ${message}`);
  }
  throw new KawaError("HOST_REFUSED", message);
}
