import { use, useSyncExternalStore } from "react";
import type { StreamStart } from "../core/streams/reactive-stream.ts";
import type { Readable } from "../core/backend/reads.ts";
import { viewOf } from "./browser-view.ts";

let refusal: Promise<never> | undefined;

function refuse(): Promise<never> {
  return (refusal ??= import("../browser/server-only.ts").then((module) => module.refuseInlineStream()));
}

/**
 * The browser's half of `useReactive`; `use-reactive.react-server.ts` says what it does.
 *
 * @throws {KawaError} CONTEXT_UNSUPPORTED - an inline stream
 */
export function useReactive<T>(source: Readable<T>): T;
export function useReactive<T>(initial: T, start: StreamStart<T>, deps: readonly unknown[]): T;
export function useReactive<T>(source: Readable<T> | T, start?: StreamStart<T>): T {
  if (start) use(refuse());
  const view = viewOf(source as Readable<T>);
  use(view.ready());
  return useSyncExternalStore(view.subscribe, view.get, view.getHydrated);
}
