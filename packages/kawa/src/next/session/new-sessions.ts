import { isKawaError, KawaError } from "../../core/errors/errors.ts";
import { addressOf } from "../network/asking-client.ts";
import { rateLimits } from "../limits/limits.ts";
import { clientRates } from "../limits/client-rates.ts";

const rate = { perSecond: rateLimits.sessionsPerSecond, atOnce: rateLimits.sessionsAtOnce };

/** Counts a session that begins at the address of a request; false where there are too many. */
export function mayBeginSession(request: { readonly headers: Headers }): boolean {
  try {
    chargeSession(request, 1);
    return true;
  } catch (error) {
    if (isKawaError(error, "RATE_LIMITED")) return false;
    throw error;
  }
}

/**
 * As {@link mayBeginSession}, of what costs as much as some new sessions.
 *
 * @throws {KawaError} RATE_LIMITED - there are too many; `data.retryAfterMs` says when there is room again
 */
export function chargeSession(request: { readonly headers: Headers }, cost: number): void {
  try {
    clientRates().newSessions.take(addressOf(request), cost, rate);
  } catch (error) {
    if (!isKawaError(error, "RATE_LIMITED")) throw error;
    const message = "Too many new sessions from this address (docs/limits.md). Try again in a moment.";
    throw new KawaError("RATE_LIMITED", message, { data: error.data });
  }
}
