import { relative } from "node:path/posix";
import type { OxlintOverride } from "oxlint";

/** The folders of `packages/kawa/src` in their order: each may import from itself and from those before it. */
export const rooms: readonly string[] = [
  "core/errors",
  "core/process",
  "core/value",
  "core/backend",
  "core/collections",
  "core/work",
  "core/memory",
  "core/streams",
  "core",
  "browser",
  "rivetkit/settings",
  "rivetkit/secret",
  "rivetkit/sharding",
  "rivetkit/storage",
  "rivetkit/wire",
  "rivetkit/journal",
  "rivetkit/engine",
  "rivetkit/host",
  "rivetkit/hooks",
  "rivetkit/store",
  "rivetkit/identity",
  "rivetkit/replica",
  "rivetkit/actor",
  "rivetkit/shards",
  "rivetkit",
  "react/checks",
  "react/render",
  "react",
  "wiring",
  "cli",
  "next/network",
  "next/limits",
  "next/protocol",
  "next/boundaries",
  "next/router",
  "next/shared-stream",
  "next/refresh",
  "next/values",
  "next/stream",
  "next/fragments/push",
  "next/fragments/client",
  "next/fragments",
  "next/route",
  "next/session",
  "next",
  "next/middleware",
  "query",
  ".",
];

/** Parts that know nothing of each other, although one of them stands lower. */
const strangers: readonly (readonly [room: string, stranger: string])[] = [
  ["react", "rivetkit"],
  ["query", "rivetkit"],
  ["query", "next"],
];

/** The folders that know Next: all others ask `core/work` what Next is doing. */
const nextRooms = ["core/work", "next", "."];

const isIn = (room: string, part: string): boolean => room === part || room.startsWith(`${part}/`);

/** The rooms that files in `room` must not import from. */
export function closedTo(room: string): readonly string[] {
  const at = rooms.indexOf(room);
  return rooms.filter(
    (other, index) => index > at || strangers.some(([part, stranger]) => isIn(room, part) && isIn(other, stranger)),
  );
}

/** Rules for oxlint: an import specifier of a file in `room` that leads to a room that is closed to it. */
export function wallOf(room: string): OxlintOverride {
  const patterns = closedTo(room).map((other) => {
    const way = relative(room, other) || ".";
    const escaped = (way.startsWith(".") ? way : `./${way}`).replaceAll(".", "\\.");
    return {
      regex: `^${escaped}/[^/]+$`,
      message: `src/${room} may not import from src/${other}: scripts/rooms.ts has the order of the folders.`,
    };
  });
  if (!nextRooms.some((part) => isIn(room, part)))
    patterns.push({
      regex: "^next(/|$)",
      message: `src/${room} may not import Next: src/core/work tells what Next is doing.`,
    });
  return {
    files: [`packages/kawa/src/${room === "." ? "" : `${room}/`}*.{ts,tsx}`],
    excludeFiles: ["**/*.test.{ts,tsx}"],
    rules: { "eslint/no-restricted-imports": ["error", { patterns }] },
  };
}
