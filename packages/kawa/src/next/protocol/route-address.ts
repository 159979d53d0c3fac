/**
 * Where browsers find `path`, a route of the app: with the `basePath` and the `trailingSlash` of `next.config.ts`, which Next writes in place
 * of these variables. Without the slash each request would be redirected.
 */
export function routeAddress(path: string): string {
  if (!path.startsWith("/")) return path;
  const basePath = process.env.__NEXT_ROUTER_BASEPATH ?? "";
  const address = path.startsWith(`${basePath}/`) ? path : basePath + path;
  return process.env.__NEXT_TRAILING_SLASH && !address.endsWith("/") ? `${address}/` : address;
}
