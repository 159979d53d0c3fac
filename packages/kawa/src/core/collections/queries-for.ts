/** How the keys of the queries begin that may show the row of this key: `query-key` writes them. Workers of pages have no more of it. */
export function queriesFor(row: string): string {
  return `\0query:${row.replace(/:[^:]*$/, "\x01")}`;
}
