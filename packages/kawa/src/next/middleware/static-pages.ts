import type { NextRequest } from "next/server";
import { clip } from "../../core/errors/errors.ts";
import { processState } from "../../core/process/process-state.ts";

/** Pages that `next build` has made, as its manifest lists them. */
type StaticPages = {
  readonly paths: ReadonlySet<string>;
  readonly patterns: readonly RegExp[];
  readonly reported: Set<string>;
};

/** `routeType` tells pages from route handlers, whose answers have no scripts. */
type Manifest = {
  readonly routes?: Readonly<Record<string, { readonly routeType?: string }>>;
  readonly dynamicRoutes?: Readonly<Record<string, { readonly routeType?: string; readonly routeRegex: string }>>;
};

const maxReports = 10;

/** Next's page for unknown addresses. */
const missingPage = "/_not-found";

/** Says once of a static page that browsers run none of its scripts: they ask for a nonce that was made for this request. */
export function reportStaticPage(path: string): void {
  const pages = processState("static-pages", load);
  // Next lists pages without the slash of `trailingSlash`.
  for (const shown of [missingPage, path.replace(/(?<=.)\/$/, "")]) report(shown, pages);
}

/** The path of the page that answers: another one than that of the request where a middleware has rewritten it. */
export function pagePath({ nextUrl }: NextRequest, { headers }: Response): string {
  const to = headers.get("x-middleware-rewrite");
  if (to === null) return nextUrl.pathname;
  const { pathname } = new URL(to, nextUrl.href);
  return pathname.startsWith(`${nextUrl.basePath}/`) ? pathname.slice(nextUrl.basePath.length) : pathname;
}

function report(path: string, { paths, patterns, reported }: StaticPages): void {
  if (reported.size >= maxReports || reported.has(path)) return;
  if (!paths.has(path) && !patterns.some((pattern) => pattern.test(path))) return;
  reported.add(path);
  console.error(
    `[kawa] "${clip(path)}" is a static page, and the content security policy of createMiddleware() lets browsers run only scripts with a ` +
      `nonce, which a static page cannot have. Write "await connection();" into its layout (import { connection } from ` +
      `"next/server"), so that it is rendered for each request, or createMiddleware({ nonce: false }).`,
  );
}

/** Loads the manifest of the build. In development nothing is static, and there is none. */
function load(): StaticPages {
  const { routes = {}, dynamicRoutes = {} } = process.env.NODE_ENV === "production" ? readManifest() : {};
  return {
    paths: new Set(Object.keys(routes).filter((path) => routes[path]!.routeType === "page")),
    patterns: Object.values(dynamicRoutes).flatMap(({ routeType, routeRegex }) =>
      routeType === "page" ? new RegExp(routeRegex) : [],
    ),
    reported: new Set(),
  };
}

function readManifest(): Manifest {
  try {
    const { readFileSync } = process.getBuiltinModule("node:fs");
    // Next writes it into what it builds, where it is named exactly so.
    const folder = process.env.__NEXT_RELATIVE_DIST_DIR ?? ".next";
    return JSON.parse(
      readFileSync(/*turbopackIgnore: true*/ `${process.cwd()}/${folder}/prerender-manifest.json`, "utf8"),
    ) as Manifest;
  } catch {
    return {};
  }
}
