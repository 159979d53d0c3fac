import { setup } from "rivetkit";
import { isKawaError } from "../core/errors.ts";
import { type AnyRegistry, type EngineTarget, host, runnerConfig } from "../rivetkit/host.ts";

type Handler = (request: Request) => Promise<Response>;
type Route = Record<"DELETE" | "GET" | "HEAD" | "OPTIONS" | "PATCH" | "POST" | "PUT", Handler>;

const openPaths = new Set(["metadata", "health"]);

/**
 * Mounts a RivetKit registry. On serverless platforms the Rivet Engine starts actors through it. Where the actors live in
 * this process it only tells RivetKit clients where the engine is.
 *
 * @example
 * // app/api/rivet/[...all]/route.ts
 * export const { GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS } = createRegistryRoute(registry);
 */
export function createRegistryRoute(registry: AnyRegistry): Route {
  let mounted: AnyRegistry | undefined;
  const handle: Handler = async (request) => {
    if (!host().isEmbedded) return registry.handler(request);
    const name = new URL(request.url).pathname.split("/").at(-1) ?? "";
    if (!openPaths.has(name) || (request.method !== "GET" && request.method !== "HEAD")) {
      // The engine of this process never calls it, so whoever does is a stranger.
      return Response.json({ code: "UNAUTHORIZED", message: "Actors of this app cannot be started from outside." }, { status: 401 });
    }
    const target = await host().start();
    mounted ??= setup({
      use: registry.config.use,
      ...runnerConfig(target),
      serverless: { basePath: "/api/rivet", publicEndpoint: withNamespace(target) },
    }) as AnyRegistry;
    return mounted.handler(request);
  };
  const answer: Handler = async (request) => {
    try {
      return await handle(request);
    } catch (error) {
      console.error("[kawa] The mounted registry failed:", error);
      const { status, code } = isKawaError(error) ? error : { status: 500, code: "INTERNAL" };
      return Response.json({ code, message: "The registry is not available." }, { status });
    }
  };
  return { DELETE: answer, GET: answer, HEAD: answer, OPTIONS: answer, PATCH: answer, POST: answer, PUT: answer };
}

/** Clients learn the namespace from the user part of the address. */
function withNamespace({ endpoint, namespace }: EngineTarget): string {
  return namespace === undefined ? endpoint : endpoint.replace("://", `://${namespace}@`);
}
