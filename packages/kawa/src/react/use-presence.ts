import { useEffect, useRef, useState } from "react";
import { KeptValue } from "../browser/kept-value.ts";
import { processState } from "../core/process/process-state.ts";
import type { Signal } from "../core/signal.ts";

/** What becomes of a value that {@link usePresence} keeps. */
export type Presence = {
  /** Why the value was not accepted; `publicMessage(error)` is for people. Undefined when it was. */
  readonly error: unknown;
};

/**
 * Keeps a member of an ephemeral family at `value` for as long as the component is mounted and its browser is connected. It is
 * removed when the component unmounts or the page is closed, and at the latest after the family's `ttlMs` when the browser crashes
 * or loses its network.
 *
 * With a function, each tab has a member of its own: the function is given an id that no other tab has.
 *
 * It works in client components only. A server component shows who is there with `useReactive(memberIdsOf(family))`.
 *
 * @throws {KawaError} CONTEXT_UNSUPPORTED - in a server component
 * @example
 * usePresence((tab) => visitors({ room, tab }), "Ada");
 */
export function usePresence<T>(member: Signal<T> | ((tab: string) => Signal<T>), value: T): Presence {
  const [error, setError] = useState<unknown>();
  const kept = useRef<KeptValue<T>>(undefined);
  useEffect(() => {
    const signal = typeof member === "function" ? member(tabId()) : member;
    if (kept.current?.signal !== signal) {
      kept.current?.release();
      kept.current = new KeptValue(signal, { onError: setError });
    }
    kept.current.set(value).catch(setError);
  }, [member, value]);
  useEffect(
    () => () => {
      kept.current?.release();
      kept.current = undefined;
    },
    [],
  );
  return { error };
}

function tabId(): string {
  return processState("tab-id", () => Math.random().toString(36).slice(2, 12));
}
