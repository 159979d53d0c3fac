import { processState } from "../../core/process/process-state.ts";
import { RateLimit } from "./rate-limit.ts";

type ClientRates = {
  readonly sessions: RateLimit;
  readonly addresses: RateLimit;
  readonly newSessions: RateLimit;
};

/**
 * How many requests each session and each address may send, and how many sessions may begin at an address; {@link Admission} asks.
 * Sessions and addresses are counted apart: a client that names itself like a session spends nothing of that session's.
 */
export function clientRates(): ClientRates {
  return processState("client-rates", () => ({
    sessions: new RateLimit(),
    addresses: new RateLimit(),
    newSessions: new RateLimit(),
  }));
}
