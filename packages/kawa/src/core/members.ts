import { clip } from "./clip.ts";
import { KawaError } from "./errors.ts";

/** The values that a group of ephemeral keys has at the moment: what is kept under {@link membersKey}. */
export type Members = {
  /** How long each lives after it was last set or renewed. */
  readonly ttlMs: number;
  /** Last segment of each key, in the order in which they came. */
  readonly ids: readonly string[];
};

/** What a store holds for a group; undefined for what is no list of members. */
export function asMembers(value: unknown): Members | undefined {
  const { ttlMs, ids } = (typeof value === "object" && value !== null ? value : {}) as Partial<Members>;
  return typeof ttlMs === "number" && Array.isArray(ids) && ids.every((id) => typeof id === "string") ? { ttlMs, ids } : undefined;
}

export const noMembers: Members = { ttlMs: 0, ids: [] };

/** Longest id of a member that browsers reach, in UTF-8 bytes: each change of a group is told with all of its ids. */
export const maxMemberIdBytes = 128;
/** Largest list of a group that takes one member more, encoded, in characters: more than 10,000 members with ids as of `randomUUID()`. */
export const maxListSize: number = 512 * 1024;

// No key of a signal contains NUL.
const membersPrefix = "\0members:";

/** Key under which a backend keeps which ephemeral keys of a group have a value. Only the backend writes it. */
export function membersKey(group: string): string {
  return membersPrefix + group;
}

/** Group of such a key; undefined for every other key. */
export function groupIn(key: string): string | undefined {
  return key.startsWith(membersPrefix) ? key.slice(membersPrefix.length) : undefined;
}

/** Ephemeral keys that differ only in their last segment are a group. */
export function memberOf(key: string): { readonly group: string; readonly id: string } {
  const at = key.lastIndexOf(":");
  return { group: key.slice(0, Math.max(at, 0)), id: key.slice(at + 1) };
}

export function memberKey(group: string, id: string): string {
  return group === "" ? id : `${group}:${id}`;
}

/** Somebody may leave: whoever comes may try again. */
export function groupIsFull(key: string): KawaError {
  return new KawaError("RATE_LIMITED", `The group of "${clip(key)}" is full: the ids of its members have ${maxListSize} characters in all.`, {
    data: { retryAfterMs: 5_000 },
  });
}
