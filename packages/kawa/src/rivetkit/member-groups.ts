import { groupIn, memberKey, memberOf, type Members } from "../core/members.ts";
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
      if (text === null) this.#groups.delete(group);
      else {
        const { ttlMs, ids } = decodeValue(text) as Members;
        this.#groups.set(group, { ttlMs, ids: new Set(ids) });
      }
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
