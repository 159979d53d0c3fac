import { env } from "../settings/env.ts";

const proxyNames = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
const loopback = ["127.0.0.1", "localhost", "::1"];

/**
 * Adds the loopback addresses to `NO_PROXY` where the environment names a proxy, which could reach no engine on this machine: RivetKit's
 * native part and Node's `fetch` (`NODE_USE_ENV_PROXY`) would send it everything. They have no other setting for it.
 */
export function keepLoopbackDirect(environment: NodeJS.ProcessEnv = env.all): void {
  const valueOf = (name: string): string | undefined => environment[name] || undefined;
  if (!proxyNames.some((name) => valueOf(name) ?? valueOf(name.toLowerCase()))) return;
  // Some programs read the one name first, some the other.
  const given = ["NO_PROXY", "no_proxy"].filter((name) => environment[name] !== undefined);
  for (const name of given.length > 0 ? given : ["NO_PROXY"]) {
    const hosts = (environment[name] ?? "").split(/[\s,]+/).filter((host) => host !== "");
    if (hosts.includes("*")) continue;
    environment[name] = [...new Set([...hosts, ...loopback])].join(",");
  }
}
