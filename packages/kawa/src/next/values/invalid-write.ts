import { KawaError } from "../../core/errors/errors.ts";

export function invalid(reason: string): KawaError {
  return new KawaError(
    "REQUEST_INVALID",
    `The write was refused: ${reason}. Only signals of client components send writes.`,
  );
}
