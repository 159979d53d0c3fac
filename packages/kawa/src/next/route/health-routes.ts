import { KawaError, show } from "../../core/errors/errors.ts";
import { answerHeaders } from "../values/answer.ts";
import { ensureStarted } from "./start-kawa.ts";
import { readiness } from "./readiness.ts";
// Last, so that modules of the app find all of the above.
import "#app-backend";

/** Options of {@link createReadyRoute}. */
export type ReadyRouteOptions = {
  /**
   * A server whose values were last known to be current longer ago, in milliseconds, gets no visitors. All servers lose an actor that
   * moves at the same moment: below 10_000 a balancer may have no server left for some seconds.
   *
   * @default 15_000
   */
  maxAgeMs?: number;
};

type Handler = (request: Request) => Response;

const retryAfterSeconds = "1";

/**
 * Says that the process answers: 200 for as long as it does. For probes that restart a server which hangs; whether it should get visitors is
 * what `createReadyRoute` says.
 *
 * @example
 * // app/api/health/route.ts
 * export const { GET } = createHealthRoute();
 */
export function createHealthRoute(): { readonly GET: Handler } {
  return { GET: (request) => answer(request, 200, { status: "ok" }) };
}

/**
 * Says whether the server should get visitors: 200 with the age of what it shows, or 503 with a reason. For balancers and rolling deploys.
 * It asks neither the engine nor an actor, so it may be called as often as you like.
 *
 * @throws {KawaError} OPTION_INVALID - `maxAgeMs` is no positive number
 * @example
 * // app/api/ready/route.ts
 * export const { GET } = createReadyRoute();
 */
export function createReadyRoute({ maxAgeMs = 15_000 }: ReadyRouteOptions = {}): { readonly GET: Handler } {
  if (!(maxAgeMs > 0))
    throw new KawaError("OPTION_INVALID", `maxAgeMs must be a positive number of milliseconds, not ${show(maxAgeMs)}.`);
  ensureStarted();
  return {
    GET(request) {
      const found = readiness(maxAgeMs);
      return answer(request, found.status === "ready" ? 200 : 503, found);
    },
  };
}

function answer({ headers }: Request, status: number, body: object): Response {
  // With `cacheComponents` Next keeps the answer of a handler that reads nothing of its request.
  headers.get("accept");
  const retry = status === 503 ? { "retry-after": retryAfterSeconds } : {};
  return Response.json(body, { status, headers: { ...answerHeaders, ...retry } });
}
