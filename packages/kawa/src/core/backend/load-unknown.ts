import type { Read } from "./reads.ts";

/** Loads what `unknownReads` finds, until it finds nothing: a computed value may read more once it has seen the first values. */
export async function loadUnknown(
  unknownReads: () => readonly Read[],
  load: (read: Read) => Promise<unknown>,
): Promise<void> {
  for (let unknown = unknownReads(); unknown.length > 0; unknown = unknownReads()) await Promise.all(unknown.map(load));
}
