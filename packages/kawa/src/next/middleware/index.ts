export { createMiddleware, type MiddlewareOptions } from "./create-middleware.ts";
export type { PolicySources } from "./security-headers.ts";
export { withRenderId } from "./with-render-id.ts";
