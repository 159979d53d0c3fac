import { KawaError } from "../../core/errors/errors.ts";

/**
 * Stands in the edge runtime for what works in the Node.js runtime alone: there the middleware shares its memory with the pages.
 *
 * @throws {KawaError} RUNTIME_UNSUPPORTED
 */
export function refuseEdge(): never {
  throw new KawaError(
    "RUNTIME_UNSUPPORTED",
    `Kawa runs in the Node.js runtime, and this file is compiled for the edge runtime. In middleware.ts, write runtime: "nodejs" into ` +
      `"export const config"; in a page or a route, delete export const runtime = "edge". A proxy.ts needs no such line.`,
  );
}
