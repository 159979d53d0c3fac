import type { StreamStart } from "../core/streams/reactive-stream.ts";
import type { HookCall } from "./checks/hook-place.ts";
import { streamSignal } from "./render/stream-signal.ts";
import { useSource } from "./use-reactive.react-server.ts";

/**
 * A value that a function produces on the server for as long as somebody looks: `useReactive(initial, start, deps)` under a
 * name of its own. Use a signal for what is to be kept.
 *
 * The same place in the code with equal `deps` is one stream for all visitors and servers, so `start` must not use anything else
 * of the render, least of all who the visitor is. It runs on one server, from the first viewer on until some seconds after the
 * last; when that server ends, another one starts it. When it throws, it is started again.
 *
 * @param initial shown until the first value is set
 * @param start starts to produce, and may return a function that ends it
 * @param deps what `start` uses of this render: plain data
 * @throws {KawaError} OPTION_INVALID - `deps` is missing, or `start` is no function
 * @throws {KawaError} VALUE_UNSERIALIZABLE, VALUE_TOO_LARGE - `initial` or a dep is no plain data
 * @throws {KawaError} CONTEXT_UNSUPPORTED - in an async function, which writes `await read(initial, start, deps)`, or in a client component:
 * pass it the value as a prop
 * @throws {KawaError} BACKEND_TIMEOUT - the actor could not be reached; the nearest error boundary shows it
 * @example
 * const price = useReactiveStream(0, (stream) => {
 *   const timer = setInterval(() => fetchPrice(symbol).then(stream.set, stream.fail), 1_000);
 *   return () => clearInterval(timer);
 * }, [symbol]);
 */
export function useReactiveStream<T>(initial: T, start: StreamStart<T>, deps: readonly unknown[]): T {
  const stream = streamSignal({ hook: useReactiveStream, initial, start, deps });
  const value = useSource(stream.signal, stream.place, call);
  stream.show();
  return value;
}

const call: HookCall = {
  hook: useReactiveStream,
  name: "useReactiveStream",
  instead: "await read(initial, start, deps)",
};
