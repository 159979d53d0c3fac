/** Ids of members that left, and of those that joined, in order. One that left and joined again is in both, and is now the last. */
export type ListChange = { readonly left: readonly string[]; readonly joined: readonly string[] };

/** The ids after a change. A list that holds a part of the change already gives the same. */
export function idsAfter(ids: readonly string[], { left, joined }: ListChange): readonly string[] {
  const touched = new Set([...left, ...joined]);
  return Object.freeze([...ids.filter((id) => !touched.has(id)), ...joined]);
}
