import { clip, KawaError, show } from "./errors/errors.ts";
import { type Exposure, exposureOf } from "./exposure.ts";
import { maxMemberIdBytes, memberKey, memberOf } from "./backend/members.ts";
import type { Signal, SignalDefinition } from "./signal.ts";

/** A family that browsers may reach. */
export type ExposedFamily = {
  readonly exposure: Exposure;
  /** The member that has a key; undefined when none has. */
  readonly find: (key: string) => Signal<unknown> | undefined;
  /** True for a group of ephemeral members. */
  readonly hasGroup: (group: string) => boolean;
};

const brand = Symbol.for("kawa.family");

export type FamilyDefinition<P> = Pick<SignalDefinition<unknown>, "backend" | "options" | "ttlMs"> & {
  readonly keyOf: (param: P) => string;
};

/** A shorter life would end before its renewal reaches the actor. */
const minTtlMs = 1_000;

/**
 * Lets {@link exposedFamilyOf} find the members of an exposed family by their keys.
 *
 * @throws {KawaError} OPTION_INVALID - its keys do not hold its parameters as they are, or it cannot be ephemeral
 */
export function markFamily<P, T>(family: (param: P) => Signal<T>, definition: FamilyDefinition<P>): typeof family {
  const { keyOf, options, ttlMs } = definition;
  const exposure = exposureOf(options);
  if (!exposure && ttlMs === undefined) return family;
  const { paramOf, isLastSegment } = parameterFinder(keyOf);
  if (ttlMs !== undefined && !isLastSegment)
    throw invalid("be ephemeral", "the last segment of its keys is no parameter");
  if (ttlMs !== undefined && !(ttlMs >= minTtlMs))
    throw invalid("be ephemeral", `ttlMs must be at least ${minTtlMs}, not ${show(ttlMs)}`);
  Object.assign(family, { definition });
  if (!exposure) return family;
  const find: ExposedFamily["find"] = (key) => {
    const param = paramOf(key);
    if (param === undefined || (ttlMs !== undefined && isLong(memberOf(key).id))) return undefined;
    try {
      const member = family(param as P) as Signal<unknown>;
      return member.key === key ? member : undefined;
    } catch {
      // The family refuses this parameter.
      return undefined;
    }
  };
  const hasGroup = (group: string): boolean => ttlMs !== undefined && paramOf(memberKey(group, anyId)) !== undefined;
  return markExposed(family, { exposure, find, hasGroup });
}

/** Lets {@link exposedFamilyOf} find what browsers may reach. */
export function markExposed<F extends object>(family: F, exposed: ExposedFamily): F {
  return Object.defineProperty(family, brand, { value: exposed });
}

function isLong(id: string): boolean {
  return id.length > maxMemberIdBytes / 4 && new TextEncoder().encode(id).length > maxMemberIdBytes;
}

export function exposedFamilyOf(value: unknown): ExposedFamily | undefined {
  return typeof value === "function" && brand in value ? (value[brand] as ExposedFamily) : undefined;
}

/** Stands for a parameter in a key. Keys of apps have no characters of this private area. */
const mark = (name: string): string => `\u{F0000}${name}\u{F0001}`;
const marks = /\u{F0000}(.*?)\u{F0001}/u;
const whole = "";
/** Stands for the id of a member when only the group matters. */
const anyId = "id";

type ParameterFinder = {
  /** The parameter of a member by its key; undefined for the keys of others. */
  readonly paramOf: (key: string) => unknown;
  /** The last segment of each key is a parameter, or a field of it. */
  readonly isLastSegment: boolean;
};

/** Asks the function of a family for a key of stand-ins, and so learns where its keys hold which parameter. */
function parameterFinder<P>(keyOf: (param: P) => string): ParameterFinder {
  const asked = new Set<string>();
  const standIn = new Proxy(
    {},
    {
      get(_, name) {
        if (name === Symbol.toPrimitive || name === "toString" || name === "valueOf") return () => mark(whole);
        asked.add(String(name));
        return mark(String(name));
      },
    },
  );
  const pieces = keyWith(keyOf, standIn).split(marks);
  // Literals and names alternate.
  const names = pieces.filter((_, at) => at % 2 === 1);
  const isMixed = names.includes(whole) && names.some((name) => name !== whole);
  if (names.length === 0 || isMixed || [...asked].some((name) => !names.includes(name))) {
    throw invalid("be exposed or ephemeral", "its keys do not hold its parameters as they are");
  }
  // A parameter with a colon could make the key of another signal.
  const segments: string[][] = [[]];
  pieces.forEach((piece, at) => {
    const [first, ...others] = at % 2 === 1 ? [piece] : piece.split(":");
    segments.at(-1)!.push(first!);
    segments.push(...others.map((literal) => [literal]));
  });
  const paramOf: ParameterFinder["paramOf"] = (key) => {
    const parts = key.split(":");
    if (parts.length !== segments.length) return undefined;
    const found = parts.flatMap((part, at) => fieldsOf(part, segments[at]!));
    if (found.includes(undefined)) return undefined;
    return names[0] === whole ? found[0] : Object.fromEntries(names.map((name, at) => [name, found[at]]));
  };
  const [literal = "", , end = ""] = pieces.slice(-3);
  return { paramOf, isLastSegment: end === "" && (literal.endsWith(":") || (literal === "" && names.length === 1)) };
}

function keyWith<P>(keyOf: (param: P) => string, standIn: object): string {
  try {
    return keyOf(standIn as P);
  } catch (cause) {
    throw invalid(
      "be exposed or ephemeral",
      `its function threw for an unknown parameter: ${clip(cause instanceof Error ? cause.message : show(cause))}`,
      cause,
    );
  }
}

/**
 * The parameters of one segment; earlier ones take as many characters as they can. Anybody may choose the key, so a key that does not match
 * must not take longer than one that does, as it would with a regular expression of several parameters.
 */
function fieldsOf(part: string, pieces: readonly string[]): string[] | undefined {
  const end = pieces.at(-1)!;
  if (pieces.length === 1) return part === end ? [] : undefined;
  if (!part.startsWith(pieces[0]!) || !part.endsWith(end)) return undefined;
  const fields: string[] = [];
  let to = part.length - end.length;
  for (let at = pieces.length - 3; at >= 0; at -= 2) {
    const literal = pieces[at]!;
    const start = at === 0 ? 0 : part.lastIndexOf(literal, to - 1 - literal.length);
    const from = start + literal.length;
    if (start < 0 || from >= to) return undefined;
    fields.unshift(part.slice(from, to));
    to = start;
  }
  return fields;
}

function invalid(what: string, reason: string, cause?: unknown): KawaError {
  return new KawaError(
    "OPTION_INVALID",
    `A family cannot ${what}: ${reason}. The server has to find the member of a key: give the parameter, or fields of it, ` +
      "unchanged as parts of the key, such as (id: string) => ({ key: `${id}:score`, default: 0 }).",
    { cause },
  );
}
