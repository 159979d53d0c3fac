import { clip } from "../../core/errors/errors.ts";
import { encodeValue } from "../../core/value/value.ts";

export type StreamDefinition = {
  /** Place of the call in the source; empty when it is not known. */
  readonly place: string;
  readonly start: (...args: never) => unknown;
  readonly deps: readonly unknown[];
};

/**
 * Name of an inline stream, equal on all servers of one build: the same place, the same function and equal deps are one stream.
 * The place counts because functions of different modules may have the same text and mean something else.
 *
 * @throws {KawaError} VALUE_UNSERIALIZABLE, VALUE_TOO_LARGE - a dep is no plain data
 */
export function streamScopeOf({ place, start, deps }: StreamDefinition): string {
  const text = JSON.stringify([place, String(start), encodeValue(`deps of the stream ${place}`, deps)]);
  // Deps may come from a visitor, who must not be able to choose deps that give the name of another stream.
  const { createHash } = process.getBuiltinModule("node:crypto");
  return `${clip(place)}#${createHash("sha256").update(text).digest("base64url")}`;
}
