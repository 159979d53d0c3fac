import type { StandardSchema } from "kawa";

/** A schema for one of a few texts. One of Zod, Valibot or ArkType does as well. */
export function oneOf<T extends string>(choices: readonly T[]): StandardSchema<T> {
  const validate = (value: unknown) => {
    const found = choices.find((choice) => choice === value);
    return found === undefined ? { issues: [{ message: `Choose one of ${choices.join(", ")}.` }] } : { value: found };
  };
  return { "~standard": { version: 1, vendor: "kawa-starter", validate } };
}
