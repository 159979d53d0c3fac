import { isKawaError } from "../../core/errors.ts";
import { addressOf } from "../asking-client.ts";
import { rateLimits } from "../limits.ts";
import { clientRates } from "../rate-limit.ts";

const rate = { perSecond: rateLimits.sessionsPerSecond, atOnce: rateLimits.sessionsAtOnce };

/**
 * Counts a session that begins at the address of a request; false where there are too many.
 *
 * @param cost in new sessions
 */
export function mayBeginSession(request: { readonly headers: Headers }, cost = 1): boolean {
  try {
    clientRates().newSessions.take(addressOf(request), cost, rate);
    return true;
  } catch (error) {
    if (isKawaError(error, "RATE_LIMITED")) return false;
    throw error;
  }
}
