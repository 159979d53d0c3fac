import { KawaError } from "../core/errors/errors.ts";
import type { StreamStart } from "../core/streams/reactive-stream.ts";

/**
 * `useReactiveStream` works in server components only.
 *
 * @throws {KawaError} CONTEXT_UNSUPPORTED - always: this is the build for client components and plain Node
 */
export function useReactiveStream<T>(_initial: T, _start: StreamStart<T>, _deps: readonly unknown[]): T {
  throw new KawaError(
    "CONTEXT_UNSUPPORTED",
    `useReactiveStream() works in server components. Use it there, and pass its value to this client component as a prop.`,
  );
}
