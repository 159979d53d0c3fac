import { globalBackend } from "../../core/backend/backend.ts";
import { KawaError, show } from "../../core/errors/errors.ts";
import { inlineStreams } from "../../core/streams/inline-streams.ts";
import { streamKey } from "../../core/backend/key.ts";
import { memoryBackend } from "../../core/memory/memory-backend.ts";
import type { StreamStart } from "../../core/streams/reactive-stream.ts";
import type { Readable } from "../../core/backend/reads.ts";
import { BackedSignal } from "../../core/signal.ts";
import { initialOf } from "../../core/platform.ts";
import { callSiteOf } from "../checks/call-site.ts";
import { requestScope } from "./request-scope.ts";
import { streamScopeOf } from "./stream-scope.ts";

export type StreamSignalOptions<T> = {
  /** The hook that was called: the place of its call names the stream. */
  readonly hook: (...args: never) => unknown;
  readonly initial: T;
  readonly start: StreamStart<T>;
  readonly deps: readonly unknown[] | undefined;
};

export type StreamSignal<T> = {
  /** Place of the call in the source. */
  readonly place: string;
  /** Is read like any other signal. */
  readonly signal: Readable<T>;
  /** Starts the stream, or keeps it running. Only to be called when the signal was read: then the render belongs to a request. */
  show(): void;
};

/** The values of an inline stream as a signal. Nothing is started by this. */
export function streamSignal<T>({ hook, initial, start, deps }: StreamSignalOptions<T>): StreamSignal<T> {
  if (typeof start !== "function") {
    throw new KawaError(
      "OPTION_INVALID",
      `An inline stream needs a function as its second argument, not ${show(start)}.`,
    );
  }
  if (!Array.isArray(deps)) {
    throw new KawaError(
      "OPTION_INVALID",
      `An inline stream needs an array of deps as its third argument, not ${show(deps)}: what its function uses of this render, ` +
        `such as [symbol]. Write [] when that is nothing.`,
    );
  }
  requestScope().checkRequest();
  const place = callSiteOf(hook) ?? "";
  const scope = streamScopeOf({ place, start, deps });
  const initialValue = initialOf(`initial value of the stream ${place}`, initial);
  const target = new BackedSignal<T>(streamKey(scope), initialValue, globalBackend.peek() ?? memoryBackend());
  return { place, signal: target, show: () => inlineStreams().show({ name: place || scope, target, start }) };
}
