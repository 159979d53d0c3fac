import { clip, KawaError, show } from "./errors.ts";
import type { Exposure } from "./exposure.ts";
import type { Signal } from "./signal.ts";

/** A family that browsers may reach. */
export type ExposedFamily = {
  readonly exposure: Exposure;
  /** The member that has a key; undefined when none has. */
  readonly find: (key: string) => Signal<unknown> | undefined;
};

const brand = Symbol.for("kawa.family");

/**
 * Lets {@link exposedFamilyOf} find the members of an exposed family by their keys.
 *
 * @throws {KawaError} OPTION_INVALID - its keys do not hold its parameters as they are
 */
export function markFamily<P, T>(
  family: (param: P) => Signal<T>,
  keyOf: (param: P) => string,
  exposure: Exposure | undefined,
): (param: P) => Signal<T> {
  if (!exposure) return family;
  const paramOf = parameterFinder(keyOf);
  const find: ExposedFamily["find"] = (key) => {
    const param = paramOf(key);
    if (param === undefined) return undefined;
    try {
      const member = family(param as P) as Signal<unknown>;
      return member.key === key ? member : undefined;
    } catch {
      // The family refuses this parameter.
      return undefined;
    }
  };
  return Object.defineProperty(family, brand, { value: { exposure, find } satisfies ExposedFamily });
}

export function exposedFamilyOf(value: unknown): ExposedFamily | undefined {
  return typeof value === "function" && brand in value ? (value[brand] as ExposedFamily) : undefined;
}

/** Stands for a parameter in a key. Nobody types these characters. */
const mark = (name: string): string => `\u{F0000}${name}\u{F0001}`;
const marks = /\u{F0000}(.*?)\u{F0001}/u;
const whole = "";

/** Asks the function of a family for its key with stand-ins, and so learns where the key holds which parameter. */
function parameterFinder<P>(keyOf: (param: P) => string): (key: string) => unknown {
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
  // Literals and names take turns.
  const names = pieces.filter((_, at) => at % 2 === 1);
  const isMixed = names.includes(whole) && names.some((name) => name !== whole);
  if (names.length === 0 || isMixed || [...asked].some((name) => !names.includes(name))) {
    throw invalid("its keys do not hold its parameters as they are");
  }
  // A parameter with a colon could make the key of another signal, and several of them would be slow to tell apart.
  const pattern = new RegExp(`^${pieces.map((piece, at) => (at % 2 === 1 ? "([^:]+)" : escape(piece))).join("")}$`, "u");
  return (key) => {
    const found = pattern.exec(key)?.slice(1);
    if (!found) return undefined;
    return names[0] === whole ? found[0] : Object.fromEntries(names.map((name, at) => [name, found[at]]));
  };
}

function keyWith<P>(keyOf: (param: P) => string, standIn: object): string {
  try {
    return keyOf(standIn as P);
  } catch (cause) {
    throw invalid(`its function threw for an unknown parameter: ${clip(cause instanceof Error ? cause.message : show(cause))}`, cause);
  }
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}

function invalid(reason: string, cause?: unknown): KawaError {
  return new KawaError(
    "OPTION_INVALID",
    `A family cannot be exposed: ${reason}. The server has to find the member of a key: give the parameter, or fields of it, ` +
      "unchanged as parts of the key, such as (id: string) => ({ key: `${id}:score`, default: 0 }).",
    { cause },
  );
}
