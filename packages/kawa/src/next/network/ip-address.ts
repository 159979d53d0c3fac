import { isIPv4, isIPv6 } from "node:net";

/** Groups of an IPv6 address that name its network. A holder can choose any address in the network. */
const groupsOfNetwork = 4;

/**
 * An address as clients are counted by it: an IPv4 address, or the /64 network of an IPv6 address, such as `2001:db8:0:1::/64`.
 * Undefined for what is no address. A port, brackets and a zone are left out.
 */
export function countedAddress(text: string | undefined): string | undefined {
  const address = bareAddress(text?.trim() ?? "");
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return undefined;
  const groups = groupsOf(address);
  const ipv4 = mappedIPv4(groups);
  if (ipv4 !== undefined) return ipv4;
  const network = groups.slice(0, groupsOfNetwork).map((group) => group.toString(16));
  return `${network.join(":")}::/64`;
}

/** Whether it is of this very machine. */
export function isLoopback(text: string): boolean {
  const address = bareAddress(text);
  if (isIPv4(address)) return address.startsWith("127.");
  if (!isIPv6(address)) return false;
  const groups = groupsOf(address);
  return mappedIPv4(groups)?.startsWith("127.") ?? groups.every((group, at) => group === (at === 7 ? 1 : 0));
}

/** `1.2.3.4:80`, `[::1]:80` and `fe80::1%eth0` without what is no address. */
function bareAddress(text: string): string {
  const [, inBrackets] = /^\[([^\]]*)\](?::\d+)?$/.exec(text) ?? [];
  if (inBrackets !== undefined) return withoutZone(inBrackets);
  const [, beforePort] = /^([\d.]+):\d+$/.exec(text) ?? [];
  return beforePort ?? withoutZone(text);
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/, "");
}

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): number[] {
  const hex = address.replace(/[\d.]+$/, (end) => (isIPv4(end) ? asGroups(end) : end));
  const [left = "", right] = hex.split("::");
  const numbers = (part: string): number[] =>
    part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16));
  const [start, end] = [numbers(left), numbers(right ?? "")];
  return [...start, ...Array.from({ length: 8 - start.length - end.length }, () => 0), ...end];
}

function asGroups(ipv4: string): string {
  const [a, b, c, d] = ipv4.split(".").map(Number) as [number, number, number, number];
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

/** The IPv4 address of `::ffff:1.2.3.4`, as a socket for both kinds names IPv4 clients. */
function mappedIPv4(groups: readonly number[]): string | undefined {
  if (!groups.slice(0, 5).every((group) => group === 0) || groups[5] !== 0xffff) return undefined;
  const [high, low] = groups.slice(6) as [number, number];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
