import { KawaError } from "../core/errors.ts";
import type { StreamStart } from "../core/reactive-stream.ts";
import type { Readable } from "../core/reads.ts";

/**
 * `useReactive` reads signals in server components only.
 *
 * @throws {KawaError} CONTEXT_UNSUPPORTED - always: this is the build for client components and plain Node
 */
export function useReactive<T>(source: Readable<T>): T;
export function useReactive<T>(initial: T, start: StreamStart<T>, deps: readonly unknown[]): T;
export function useReactive(): never {
  throw new KawaError(
    "CONTEXT_UNSUPPORTED",
    `useReactive() reads signals in server components. Read the signal there, and pass its value to this client component as a prop.`,
  );
}
