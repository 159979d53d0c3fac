import { KawaError } from "../core/errors.ts";
import type { Readable } from "../core/reads.ts";

/**
 * `useReactive` reads signals in server components only.
 *
 * @throws {KawaError} CONTEXT_UNSUPPORTED - always: this is the build for client components and plain Node
 */
export function useReactive<T>(_source: Readable<T>): T {
  throw new KawaError(
    "CONTEXT_UNSUPPORTED",
    `useReactive() reads signals in server components. Read the signal there, and pass its value to this client component as a prop.`,
  );
}
