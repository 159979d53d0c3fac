import type { PresentEntry } from "../core/backend/entry.ts";
import type { Exposure } from "../core/exposure.ts";

/** What is known of the value of a row that a server has sent; `fit` is kept here, so that readers are given the same object. */
export type ShownEntry = PresentEntry & { readonly text?: string | undefined; fit?: readonly [unknown] };

/** A value of another version, or one that cannot be shown: it says what it is to a definition, or throws why it is nothing. */
export type UnfitValue = (definition: Exposure | undefined) => unknown;

/**
 * The value of an entry as this page defines it: its build may be another one than that of the server, which has migrated it already.
 * What `migrate` throws for a value of the first version is thrown as it is: `KawaError` is not loaded for that alone.
 */
export function valueIn(definition: Exposure | undefined, entry: ShownEntry): unknown {
  const { value, text } = entry;
  if (typeof value === "function") return (value as UnfitValue)(definition);
  // A text of the first version names none, and what was written here has none yet.
  return text && definition?.migrate && !text.startsWith('[["v"')
    ? (entry.fit ??= [definition.migrate(value, 1)])[0]
    : value;
}
