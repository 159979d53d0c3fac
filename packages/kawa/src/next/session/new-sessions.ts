import { isKawaError } from "../../core/errors.ts";
import { addressOf } from "../asking-client.ts";
import { rateLimits } from "../limits.ts";
import { clientRates } from "../rate-limit.ts";

const rate = { perSecond: rateLimits.sessionsPerSecond, atOnce: rateLimits.sessionsAtOnce };

/** Counts a session that begins at the address of a request; false where there are too many. */
export function mayBeginSession(request: { readonly headers: Headers }): boolean {
  try {
    clientRates().newSessions.take(addressOf(request), 1, rate);
    return true;
  } catch (error) {
    if (isKawaError(error, "RATE_LIMITED")) return false;
    throw error;
  }
}
