import { headers } from "next/headers";
import { Admission, routeAdmission } from "../../limits/admission.ts";
import type { AskingClient } from "../../network/asking-client.ts";
import { costs, rateLimits } from "../../limits/limits.ts";
import { rateOf } from "../../limits/rate-limit.ts";

/** Before the route is loaded, sessions are unknown: addresses alone are limited. */
const byAddress = new Admission({
  session: () => undefined,
  sessionRate: rateOf(rateLimits.perSession),
  addressRate: rateOf(rateLimits.perSession * rateLimits.addressFactor),
});

/**
 * Says whose call the server action that is running answers, by the rules of the route.
 *
 * @throws {KawaError} HOST_REFUSED, ORIGIN_REFUSED, RATE_LIMITED
 */
export async function admitPush(fragmentCount: number): Promise<AskingClient> {
  const admission = routeAdmission.admission ?? byAddress;
  // The route's `session` function takes a request.
  const request = new Request("http://action.invalid/", { headers: new Headers(await headers()) });
  const cost = 1 + fragmentCount * costs.fragment;
  return (await admission.identify(request, admission.arrive(request, cost), cost)).client;
}
