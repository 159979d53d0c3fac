import { isKawaError, type KawaErrorCode } from "../core/errors/errors.ts";
import { delay } from "../core/process/delay.ts";
import { retryDelayOf } from "./ask.ts";
import { leave, unconfirmed } from "./write-frame.ts";

type Delivery<Request, Reply> = {
  readonly send: (request: Request) => Promise<Reply>;
  /** Called before it is sent once more. @throws what the caller is told instead */
  readonly check: () => void;
};

/** Most tries of a request that the server's rate limit refuses. */
const maxTries = 20;
const retryMs = 500;
/** A request whose answer was lost is sent once more after this long, in milliseconds. */
const resendDelayMs = 300;

/** Requests that the server has not answered yet, each with what sends it again. */
const unanswered = new Map<object, () => Promise<unknown>>();
globalThis.addEventListener?.("pagehide", () => {
  const sent: ReadonlySet<object> = leave(true);
  for (const [request, sendAgain] of unanswered) if (!sent.has(request)) sendAgain().catch(() => {});
  leave(true);
});
globalThis.addEventListener?.("pageshow", () => void leave(false));

/** What a server says only of a request that it has looked into. */
const decided: readonly KawaErrorCode[] = [
  "ACTION_REFUSED",
  "CHANGE_REFUSED",
  "NOT_EXPOSED",
  "VALUE_INVALID",
  "VALUE_TOO_LARGE",
  "VALUE_TOO_NEW",
  "WRITE_UNCONFIRMED",
];

/**
 * Sends a request until it is answered. After a lost answer `again` is sent, once: the request may have been applied already.
 *
 * @throws {KawaError} WRITE_UNCONFIRMED - it may have been applied
 */
export async function deliver<Request extends object, Reply>(
  request: Request,
  again: Request,
  { send, check }: Delivery<Request, Reply>,
): Promise<Reply> {
  let next = request;
  for (let tries = 1; ; tries += 1) {
    try {
      // Somebody else may look since it was sent before.
      if (tries > 1) check();
      unanswered.set(request, () => send(again));
      return await send(next);
    } catch (error) {
      const delayMs = retryDelayOf(error, retryMs);
      if (delayMs !== undefined && tries < maxTries) await delay(delayMs);
      else if (isKawaError(error, "WRITE_UNCONFIRMED") && next !== again) {
        await delay(resendDelayMs);
        next = again;
      } else throw next === request || isDecided(error) ? error : unconfirmed();
    } finally {
      unanswered.delete(request);
    }
  }
}

function isDecided(error: unknown): boolean {
  return isKawaError(error) && decided.includes(error.code);
}
