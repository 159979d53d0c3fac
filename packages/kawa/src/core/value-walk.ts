import { DevalueError } from "devalue";

/** Objects inside objects, at most: whoever encodes, decodes or renders a value walks it by recursion. */
export const maxValueDepth = 500;

/**
 * @throws {DevalueError} - the value contains itself, or is nested deeper than {@link maxValueDepth}; names where
 */
export function checkNesting(value: unknown): void {
  if (!isObject(value)) return;
  // Levels of an object, 0 while they are counted. One that occurs many times is walked once.
  const heights = new Map<object, number>();
  const ancestors: object[] = [];

  const heightOf = (thing: object): number => {
    const known = heights.get(thing);
    if (known === 0) throw refusal("Cannot stringify an object that contains itself", [...ancestors, thing]);
    if (ancestors.length + (known ?? 1) > maxValueDepth) {
      throw refusal(`Cannot stringify more than ${maxValueDepth} levels`, [...ancestors, thing]);
    }
    if (known !== undefined) return known;
    heights.set(thing, 0);
    ancestors.push(thing);
    let below = 0;
    for (const member of membersOf(thing)) if (isObject(member)) below = Math.max(below, heightOf(member));
    ancestors.pop();
    heights.set(thing, below + 1);
    return below + 1;
  };
  heightOf(value);
}

/**
 * Freezes plain objects and arrays, however deep. False when the value also holds what cannot be frozen, such as a Date
 * or a Map: these, and what is in them, are left alone.
 */
export function deepFreeze(value: unknown): boolean {
  if (!isObject(value)) return true;
  if (!Array.isArray(value) && !isPlain(value)) return false;
  // The same object once more: its members have been counted.
  if (Object.isFrozen(value)) return true;
  Object.freeze(value);
  let isFrozen = true;
  for (const member of Object.values(value)) isFrozen = deepFreeze(member) && isFrozen;
  return isFrozen;
}

/** What an object holds, if devalue looks into objects of its kind. */
function membersOf(thing: object): readonly unknown[] {
  if (thing instanceof Map) return [...thing].flat();
  if (thing instanceof Set) return [...thing];
  return Array.isArray(thing) || isPlain(thing) ? Object.values(thing) : [];
}

/** Each of `chain` holds the next one. */
function refusal(message: string, chain: readonly object[]): DevalueError {
  const path = chain.slice(1).map((member, at) => segmentTo(member, chain[at]!));
  return new DevalueError(message, path, chain.at(-1), chain[0]);
}

/** The way from an object to its member, as devalue writes it. */
function segmentTo(member: object, holder: object): string {
  if (holder instanceof Set) return "";
  if (holder instanceof Map) {
    const key: unknown = [...holder.keys()].find((one) => one === member || holder.get(one) === member);
    return `.get(${isObject(key) ? "..." : JSON.stringify(key)})`;
  }
  const key = Object.entries(holder).find(([, one]) => one === member)?.[0] ?? "";
  if (Array.isArray(holder)) return `[${key}]`;
  return /^[a-zA-Z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Also for objects of another realm. */
function isPlain(thing: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(thing);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
