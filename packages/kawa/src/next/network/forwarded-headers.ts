import { currentPeer } from "./connections.ts";
import { countedAddress } from "./ip-address.ts";
import { networkSettings } from "./network.ts";

// What proxies say of a request. Only trusted ones are believed.

type Asked = { readonly headers: Headers };

/**
 * The address that a request counts for: that of its connection, or what the outermost trusted proxy saw. IPv6 addresses count by
 * their /64 network. Undefined where it is unknown. No header that a client can choose has a say in it.
 */
export function clientAddress({ headers }: Asked): string | undefined {
  const { trustedProxies, isVercel } = networkSettings();
  if (isVercel) return countedAddress(headers.get("x-vercel-forwarded-for") ?? headers.get("x-real-ip") ?? undefined);
  const ofConnection = countedAddress(currentPeer()?.address);
  const told = trustedProxies === 0 ? undefined : addedBy(trustedProxies, headers.get("x-forwarded-for"));
  return countedAddress(told) ?? ofConnection;
}

/** The names under which a request asks for this app: what its connection was asked for first, then what trusted proxies were. */
export function askedHosts({ headers }: Asked): string[] {
  const { trustedProxies } = networkSettings();
  const forwarded = trustedProxies === 0 ? undefined : addedBy(trustedProxies, headers.get("x-forwarded-host"));
  return [headers.get("host") ?? undefined, forwarded]
    .filter((host) => host !== undefined)
    .map((host) => host.trim().toLowerCase());
}

/** The port that trusted proxies were asked at, where they tell it apart from the host. */
export function forwardedPort({ headers }: Asked): string | undefined {
  const { trustedProxies } = networkSettings();
  const port = trustedProxies === 0 ? undefined : addedBy(trustedProxies, headers.get("x-forwarded-port"));
  return port !== undefined && /^\d{1,5}$/.test(port) ? port : undefined;
}

/**
 * What the outermost of `count` proxies added to a list to which each adds one entry on the right. Everything further left came
 * from the client. A proxy that replaces the list leaves fewer entries.
 */
function addedBy(count: number, list: string | null): string | undefined {
  const entries = list?.split(",").map((entry) => entry.trim()) ?? [];
  return (entries.at(-count) ?? entries[0]) || undefined;
}
