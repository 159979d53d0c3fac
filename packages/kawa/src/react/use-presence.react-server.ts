import { KawaError } from "../core/errors/errors.ts";
import type { Signal } from "../core/signal.ts";
import type { Presence } from "./use-presence.ts";

export type { Presence } from "./use-presence.ts";

/**
 * `usePresence` works in client components only; a server component shows who is there with `useReactive(memberIdsOf(family))`.
 *
 * @throws {KawaError} CONTEXT_UNSUPPORTED - always: this is the build for server components
 */
export function usePresence<T>(_member: Signal<T> | ((tab: string) => Signal<T>), _value: T): Presence {
  throw new KawaError(
    "CONTEXT_UNSUPPORTED",
    `usePresence() works in client components. Write "use client" at the top of the file.`,
  );
}
