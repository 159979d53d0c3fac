import { isKawaError, type KawaErrorCode } from "../../../core/errors/errors.ts";
import { decodeValue, encodeValue } from "../../../core/value/value.ts";
import { fulfilled } from "../../../react/checks/fulfilled.ts";
import { open, seal } from "../../../rivetkit/secret/seal.ts";

const maxPropsBytes = 8 * 1024;
const dayMs = 86_400_000;
/** A page that stays open gets new tokens with each render of its route. */
const lifetimeDays = 2;

const expectedCodes: ReadonlySet<KawaErrorCode> = new Set([
  "VALUE_UNSERIALIZABLE",
  "VALUE_TOO_LARGE",
  "SECRET_MISSING",
]);

export type Fragment = {
  readonly id: string;
  readonly props: object;
  /** Names of props that the component gets as promises, as Next gives them to pages. @default none */
  readonly promised?: readonly string[];
};

const expected = { purpose: "fragment", audience: "fragment" } as const;

/**
 * Names a component and its props to the browser, which brings it back to have them rendered again: it can neither look into it nor
 * change it. Undefined when the props are no plain data or too large, and while the servers have no secret in common.
 */
export function sealFragment({ id, props, promised = [] }: Fragment): string | undefined {
  try {
    // Equal fragments have equal tokens, for as long as a day lasts.
    const expiresAt = (Math.floor(Date.now() / dayMs) + lifetimeDays + 1) * dayMs;
    // In development React defines a getter for `key` on them.
    const text = encodeValue(id, { ...props }, maxPropsBytes);
    return seal({ ...expected, expiresAt }, JSON.stringify([id, text, promised]), { isDeterministic: true });
  } catch (error) {
    if (isKawaError(error) && expectedCodes.has(error.code)) return undefined;
    throw error;
  }
}

/** What {@link sealFragment} has sealed not too long ago, else undefined. */
export function openFragment(token: string): Fragment | undefined {
  try {
    const opened = open(expected, token);
    if (opened.state !== "valid") return undefined;
    // An older version has written no names.
    const [id, text, promised = []] = JSON.parse(opened.payload) as [string, string, string[]?];
    const props = decodeValue(text) as Record<string, unknown>;
    return { id, props: { ...props, ...Object.fromEntries(promised.map((name) => [name, fulfilled(props[name])])) } };
  } catch (error) {
    // The props of an older version may hold what is no value any more.
    if (isKawaError(error, "SECRET_MISSING") || isKawaError(error, "VALUE_UNREADABLE")) return undefined;
    throw error;
  }
}
