import type { ValueRow } from "./value-protocol.ts";
import { decodePlain, notPlain } from "./plain-value.ts";

let decodeFully: ((text: string) => unknown) | undefined;

/** Decodes a value, or tells that {@link loadCodec} has to be awaited first. */
export function decode(text: string): unknown {
  const value = decodePlain(text);
  return value === notPlain && decodeFully ? decodeFully(text) : value;
}

/** A promise to await before {@link decode} knows all of these values; mostly none. */
export function loadCodec(rows: readonly ValueRow[]): Promise<void> | undefined {
  if (decodeFully || rows.every(([, text]) => text === null || decodePlain(text) !== notPlain)) return undefined;
  return import("./stored-value.ts").then(({ decodeStored }) => void (decodeFully = decodeStored));
}
