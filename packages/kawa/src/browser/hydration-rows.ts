import type { ValueRow } from "./value-protocol.ts";

/** Marks the elements of a page that hold {@link ValueRow}s, with which its client components are hydrated. */
export const rowsAttribute = "data-kawa-values";

/** Rows that have come with the page since the last call. */
export function takeHydrationRows(): readonly ValueRow[] {
  return [...document.querySelectorAll(`[${rowsAttribute}]`)].flatMap((block) => {
    block.removeAttribute(rowsAttribute);
    return JSON.parse(block.textContent) as ValueRow[];
  });
}
