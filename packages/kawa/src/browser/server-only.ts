import { KawaError } from "../core/errors/errors.ts";

// What a browser cannot do. It is loaded when a browser tries.

/** @throws {KawaError} CONTEXT_UNSUPPORTED */
export function refuseLists(): never {
  throw serverOnly("keys(), entries() or clear()");
}

/** @throws {KawaError} CONTEXT_UNSUPPORTED */
export function refuseInlineStream(): never {
  throw serverOnly("useReactive() with a function");
}

function serverOnly(call: string): KawaError {
  return new KawaError("CONTEXT_UNSUPPORTED", `${call} works on servers only: call it there, and pass on the result.`);
}
