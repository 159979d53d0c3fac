/** Keys of rows that are read when they are asked for, and not at the start: those of collections, and of their indexes. */
const coldPrefix = "\0c:";
/** The first text after all of them. */
const afterCold = "\0c;";

export const coldRange = { from: coldPrefix, to: afterCold } as const;

export function isCold(key: string): boolean {
  return key.startsWith(coldPrefix);
}

export function coldKey(name: string): string {
  return coldPrefix + name;
}
