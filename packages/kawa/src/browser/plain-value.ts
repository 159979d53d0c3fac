/** Returned for a value that JSON does not know, such as a Date: the whole decoder has to read it. */
export const notPlain: unique symbol = Symbol();

/** Values that are written as codes, from -1 downwards. */
const specials = [undefined, notPlain, NaN, Infinity, -Infinity, -0];

/**
 * As `decodeValue`, for values that consist of JSON and `undefined`. For any other value it returns {@link notPlain}: only for those a
 * browser loads the whole decoder.
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
    // The value is nested too deep, or the text is of no value.
    return notPlain;
  }
}
