import { isKawaError, KawaError } from "../../core/errors/errors.ts";
import { type AnyRegistry, host } from "../../rivetkit/host/host.ts";
import { isFromEngine } from "../../rivetkit/engine/serverless-pool.ts";
import { checkHost } from "../network/check-host.ts";
import { watchConnections } from "../network/connections.ts";
import { reportSeldom } from "../limits/report-seldom.ts";

const messages: Readonly<Record<string, string>> = {
  HOST_REFUSED: "This app has another host name.",
  UNAUTHORIZED: "Actors of this app can be neither found nor started from outside.",
};

type Handler = (request: Request) => Promise<Response>;
type Route = Record<"DELETE" | "GET" | "HEAD" | "OPTIONS" | "PATCH" | "POST" | "PUT", Handler>;

/**
 * Mounts a RivetKit registry. Where `hosting` is `"serverless"`, the Rivet Engine starts actors through it, and has to prove that it is the
 * engine of this app: Kawa gives it a header when it configures the pool. Elsewhere nobody has to call it: it only says that it is there
 * (`health`).
 *
 * @example
 * // app/api/rivet/[...all]/route.ts
 * export const { GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS } = createRegistryRoute(registry);
 */
export function createRegistryRoute(registry: AnyRegistry): Route {
  watchConnections();
  const handle = (request: Request): Promise<Response> => {
    checkHost(request);
    if (host().elsewhere.hosting === "serverless") return handleServerless(request);
    if (request.method !== "OPTIONS" && isReading(request) && pathOf(request).endsWith("/health"))
      return Promise.resolve(Response.json({ status: "ok" }));
    // The engine never calls it here, so every caller is a stranger.
    throw new KawaError("UNAUTHORIZED", "The registry of this process cannot be called from outside.");
  };
  const handleServerless = async (request: Request): Promise<Response> => {
    // RivetKit decides which path starts actors, however it is written.
    const mayStart = !isReading(request) || /start|%/i.test(pathOf(request));
    if (mayStart && !isFromEngine(request)) {
      await tellPool();
      throw new KawaError("UNAUTHORIZED", "Only the engine of this app may start its actors.");
    }
    host().elsewhere.adoptPool(registry.config);
    return registry.handler(request);
  };
  let telling: Promise<void> | undefined;
  /** Once: the engine may know an older secret, or none, and tries again. Strangers, whose requests look the same, cause no more. */
  const tellPool = (): Promise<void> => {
    host().elsewhere.adoptPool(registry.config);
    return (telling ??= host()
      .elsewhere.tellPool()
      .catch((error) => {
        telling = undefined;
        reportSeldom("registry-pool", "The engine could not be told how it starts actors.", error);
      }));
  };
  const answer: Handler = async (request) => {
    try {
      return forThisSiteOnly(await handle(request));
    } catch (error) {
      return refuse(error);
    }
  };
  return { DELETE: answer, GET: answer, HEAD: answer, OPTIONS: answer, PATCH: answer, POST: answer, PUT: answer };
}

function isReading({ method }: Request): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

function pathOf({ url }: Request): string {
  return new URL(url).pathname;
}

function refuse(error: unknown): Response {
  const { status, code } = isKawaError(error) ? error : { status: 500, code: "INTERNAL" };
  if (status >= 500) reportSeldom("registry", "The mounted registry failed.", error);
  const message = messages[code] ?? "The registry is not available.";
  return forThisSiteOnly(Response.json({ code, message }, { status, headers: { "cache-control": "no-store" } }));
}

/** RivetKit's own answers may let pages of every site read them. */
function forThisSiteOnly(answer: Response): Response {
  const headers = new Headers(answer.headers);
  for (const name of [...headers.keys()]) if (name.startsWith("access-control-")) headers.delete(name);
  headers.set("x-content-type-options", "nosniff");
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
}
