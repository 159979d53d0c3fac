/** Given for a value that JSON does not know, such as a Date: the whole decoder has to be asked. */
export const notPlain: unique symbol = Symbol();

/** What is written for values without a place of their own, from -1 on downwards. */
const specials = [undefined, notPlain, NaN, Infinity, -Infinity, -0];

/**
 * As `decodeValue` for what consists of JSON and `undefined`, and frozen: a browser loads the whole decoder only for what else there may
 * be. Then the result is {@link notPlain}.
 */
export function decodePlain(text: string): unknown {
  let values: readonly unknown[] = [];
  const made: unknown[] = [];
  const hydrate = (index: number): unknown => {
    if (index < 0) {
      const special = index < -specials.length ? notPlain : specials[-1 - index];
      if (special === notPlain) throw notPlain;
      return special;
    }
    if (!(index in made)) made[index] = build(values[index]);
    return made[index];
  };
  const build = (raw: unknown): unknown => {
    if (typeof raw !== "object" || raw === null) return raw;
    if (!Array.isArray(raw)) {
      return Object.freeze(
        Object.fromEntries(Object.entries(raw).map(([key, index]) => [key, hydrate(index as number)])),
      );
    }
    if (typeof raw[0] === "string") throw notPlain;
    return Object.freeze(raw.map(hydrate));
  };
  try {
    const parsed: unknown = JSON.parse(text);
    if (Array.isArray(parsed)) values = parsed;
    return hydrate(typeof parsed === "number" ? parsed : 0);
  } catch {
    // Also when it is nested too deep, or no value at all.
    return notPlain;
  }
}
