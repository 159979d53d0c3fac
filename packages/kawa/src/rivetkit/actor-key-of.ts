import { clip, KawaError } from "../core/errors/errors.ts";
import { backed, type Signal } from "../core/signal.ts";

/**
 * The key of the actor that has a signal, for RivetKit clients: `["global"]`, or that of a shard, such as `["global#3of16"]`.
 *
 * @throws {KawaError} BACKEND_MISSING - the signal is in no actor
 * @example
 * import { actorKeyOf } from "kawa/rivetkit";
 * client.reactiveState.getOrCreate(actorKeyOf(counter));
 */
export function actorKeyOf<T>(signal: Signal<T>): string[] {
  const { id } = backed(signal).backendNow;
  const at = id.indexOf("/");
  if (at < 0)
    throw new KawaError("BACKEND_MISSING", `"${clip(signal.key)}" is in no actor; call initReactiveBackend() first.`);
  return [id.slice(at + 1)];
}
