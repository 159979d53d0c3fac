import { asMembers, groupIn, memberKey, memberOf, type Members } from "../core/members.ts";
import { KawaError } from "../core/errors.ts";
import { leaveOut, readNamed } from "../core/unreadable.ts";
import { decodeValue } from "../core/value.ts";
import type { Row } from "./protocol.ts";

export type MemberGroup = { readonly ttlMs: number; readonly ids: ReadonlySet<string> };

/** Which keys are ephemeral, as the rows of their groups say. */
export class MemberGroups {
  readonly #groups = new Map<string, MemberGroup>();

  /** Takes over what was committed. */
  apply(rows: readonly Row[]): void {
    for (const [key, text] of rows) {
      const group = groupIn(key);
      if (group === undefined) continue;
      const members = text === null ? undefined : membersIn(key, text);
      if (!members) this.#groups.delete(group);
      else this.#groups.set(group, { ttlMs: members.ttlMs, ids: new Set(members.ids) });
    }
  }

  get(group: string): MemberGroup | undefined {
    return this.#groups.get(group);
  }

  /** How long a key lives after it was set or renewed; undefined for one that stays or has no value. */
  ttlMsOf(key: string): number | undefined {
    const { group, id } = memberOf(key);
    const found = this.#groups.get(group);
    return found?.ids.has(id) ? found.ttlMs : undefined;
  }

  /** Every ephemeral key with its time to live. */
  *entries(): Iterable<readonly [key: string, ttlMs: number]> {
    for (const [group, { ttlMs, ids }] of this.#groups) for (const id of ids) yield [memberKey(group, id), ttlMs];
  }
}

/** A list that is none, as somebody has written it by hand, must not keep the actor from starting. */
export function membersIn(key: string, text: string): Members | undefined {
  try {
    return readNamed(key, () => {
      const members = asMembers(decodeValue(text));
      if (!members) throw new KawaError("VALUE_UNREADABLE", "A stored value is no list of members.");
      return members;
    });
  } catch (error) {
    if (leaveOut(key, error)) return undefined;
    throw error;
  }
}
