/** Ids of members that went, and of those that came, in order. One that went and came again is in both: it is the last now. */
export type ListChange = { readonly left: readonly string[]; readonly joined: readonly string[] };

/** The ids after a change. It may be applied to whatever has seen a part of it already. */
export function idsAfter(ids: readonly string[], { left, joined }: ListChange): readonly string[] {
  const touched = new Set([...left, ...joined]);
  return Object.freeze([...ids.filter((id) => !touched.has(id)), ...joined]);
}
