import { RivetError, UserError } from "rivetkit";
import { isKawaError, KawaError, kawaErrorCodes, show } from "../../core/errors/errors.ts";
import type { ReplyError } from "./protocol.ts";

/**
 * What a hook has thrown, as server code is told: with its message, and whether that may be shown to a browser. Also what Kawa
 * itself threw inside of a hook is the hook's refusal: the code would say of this action what was true of another one.
 */
export function refusal(error: unknown): KawaError {
  // A loop is no refusal: the app has to be changed.
  if (isKawaError(error, "HOOK_LOOP")) return error;
  const message = isKawaError(error) ? plainMessage(error) : messageOf(error);
  const data = isUserError(error) ? { isPublic: true, publicMessage: message } : { isPublic: false };
  return new KawaError("ACTION_REFUSED", message, { cause: error, data });
}

/** What an action has thrown, as a RivetKit client is told: nothing that was not thrown as public. */
export function toPublicError(error: unknown): UserError {
  if (isUserError(error)) return error;
  if (!isKawaError(error)) return new UserError("The actor failed.", { code: "INTERNAL" });
  if (isUserError(error.cause)) return error.cause;
  const { code, status } = error;
  if (code === "ACTION_REFUSED") return new UserError("The action was refused.", { code });
  return new UserError(status < 500 ? plainMessage(error) : "The actor failed.", { code });
}

/** What the client of a hook is told of an action: also which hooks ask for each other without end. */
export function toHookError(error: unknown): unknown {
  return isKawaError(error, "HOOK_LOOP") ? new UserError(plainMessage(error), { code: error.code }) : error;
}

/** An error on its way to another server of this app. */
export function toReplyError(error: unknown): ReplyError {
  if (!isKawaError(error)) return { code: "BACKEND_UNAVAILABLE", message: "The actor could not answer." };
  return { code: error.code, message: plainMessage(error), data: error.data };
}

export function fromReplyError({ code, message, data = {} }: ReplyError): KawaError {
  // An actor of a newer version may have more codes; its answer is final in any case.
  const known = kawaErrorCodes.find((one) => one === code) ?? "ACTION_REFUSED";
  return new KawaError(known, message, { data });
}

/** The message of anything that was thrown. */
function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  return typeof error === "string" ? error : show(error);
}

/** The message ends with the code, which the next bearer adds again. */
function plainMessage({ code, message }: KawaError): string {
  return message.replace(` (${code})`, "");
}

/** Made by any copy of RivetKit. */
function isUserError(error: unknown): error is UserError {
  return RivetError.isRivetError(error) && error.group === "user";
}
