import { KawaError } from "../core/errors/errors.ts";

/** The error of what a browser cannot do. */
export function serverOnly(call: string): KawaError {
  return new KawaError("CONTEXT_UNSUPPORTED", `${call} works on servers only. Pass on what it gives there.`);
}
