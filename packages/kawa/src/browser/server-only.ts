import { KawaError } from "../core/errors/errors.ts";

/** The error of what a browser cannot do. */
export function serverOnly(call: string): KawaError {
  return new KawaError("CONTEXT_UNSUPPORTED", `${call} works on servers only: call it there, and pass on the result.`);
}
