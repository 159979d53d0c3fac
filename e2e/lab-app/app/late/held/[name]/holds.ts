type Hold = PromiseWithResolvers<void>;

/** Each part of Next's server has its own copy of this module. */
const holds = ((globalThis as { labHolds?: Map<string, Hold> }).labHolds ??= new Map());

/** The late part of a page waits for this. */
export function holdOf(name: string): Hold {
  const hold = holds.get(name) ?? Promise.withResolvers<void>();
  holds.set(name, hold);
  return hold;
}
