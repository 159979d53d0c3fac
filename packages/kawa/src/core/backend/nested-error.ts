import { KawaError } from "../errors/errors.ts";

export function nestedError(): KawaError {
  const message = "A transaction was begun inside of another one. Pass on the tx of the outer one instead.";
  return new KawaError("TRANSACTION_INVALID", message);
}
