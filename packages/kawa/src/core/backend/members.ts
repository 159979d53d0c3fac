import { clip } from "../errors/clip.ts";
import { KawaError } from "../errors/errors.ts";
import { internalMark } from "./key.ts";

/** The values that a group of ephemeral keys has at the moment: what a backend shows under {@link membersKey}. */
export type Members = {
  /** Last segment of each key, in the order in which they came. */
  readonly ids: readonly string[];
};

/** Undefined for what is no list of members. */
export function asMembers(value: unknown): Members | undefined {
  const { ids } = (typeof value === "object" && value !== null ? value : {}) as Partial<Members>;
  return Array.isArray(ids) && ids.every((id) => typeof id === "string") ? { ids } : undefined;
}

export const noMembers: Members = { ids: [] };

/** Longest id of a member that browsers reach, in UTF-8 bytes. */
export const maxMemberIdBytes = 128;
/** A group whose encoded list has more characters is full: that is more than 10,000 members with ids like those of `randomUUID()`. */
export const maxListSize: number = 512 * 1024;

const membersPrefix = `${internalMark}members:`;

/** Key under which a backend shows which ephemeral keys of a group have a value. It is never written: it follows from their rows. */
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

/** The error of a write to a full group. The same write may succeed later, when a member has left. */
export function groupIsFull(key: string): KawaError {
  return new KawaError(
    "RATE_LIMITED",
    `The group of "${clip(key)}" is full: the ids of its members have ${maxListSize} characters in all.`,
    {
      data: { retryAfterMs: 5_000 },
    },
  );
}
