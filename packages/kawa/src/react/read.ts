import { KawaError } from "../core/errors/errors.ts";
import type { StreamStart } from "../core/streams/reactive-stream.ts";
import type { Readable } from "../core/backend/reads.ts";

/**
 * `read` works in server components only; a client component writes `useReactive(signal)`.
 *
 * @throws {KawaError} CONTEXT_UNSUPPORTED - always: this is the build for client components and plain Node
 */
export function read<T>(source: Readable<T>): Promise<T>;
export function read<T>(initial: T, start: StreamStart<T>, deps: readonly unknown[]): Promise<T>;
export function read<T>(): Promise<T> {
  throw new KawaError(
    "CONTEXT_UNSUPPORTED",
    "read() works in server components. Here write useReactive(signal), or `await signal.get()` outside of components.",
  );
}
