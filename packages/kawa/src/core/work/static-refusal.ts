import { KawaError, type KawaErrorOptions } from "../errors/errors.ts";
import { isNextBuild, type NextUnit, type NextWork, nextWork } from "./next-work.ts";

type Advice = { readonly where: string; readonly fix: string };

const caches = new Set(["cache", "private-cache", "unstable-cache"]);
const ofOneVisitor = new Set(["request", "prerender-runtime", "private-cache"]);
/** The last part of the route of a metadata file. That of an image may end with a number and a hash. */
const metadataFile =
  /\/(opengraph-image|twitter-image|icon|apple-icon|sitemap|robots|manifest|favicon)\d*([-.][^/]*)?$/;
/** End of the route of a metadata file that makes several. */
const idSuffix = /\/\[__metadata_id__\]$/;

/** @throws {KawaError} RENDER_STATIC - `next build` is running: there is no actor, and no visitor to show its values to */
export function refuseAtBuild(what: string): void {
  if (isNextBuild()) throw staticRefusal(what);
}

/** @throws {KawaError} RENDER_STATIC - Next keeps what the running code gives for others, now or at build time */
export function refuseWhereKept(what: string): void {
  const { work, unit } = nextWork() ?? {};
  if (isNextBuild() || work?.forceStatic || (unit && !ofOneVisitor.has(unit.type))) throw staticRefusal(what);
}

/** @param what - such as `"app:counter" was read` */
export function staticRefusal(what: string, options?: KawaErrorOptions): KawaError {
  const { where, fix } = adviceFor(nextWork());
  const when = isNextBuild() ? "during next build" : "where Next keeps the result";
  return new KawaError(
    "RENDER_STATIC",
    `${what} ${when}, ${where}: every later visitor would see the value of that moment. ${fix}`,
    options,
  );
}

function adviceFor(found: ReturnType<typeof nextWork>): Advice {
  if (!found) {
    return {
      where: "outside of all code that runs for a request",
      fix: "Do it in the function or component that runs for each request, and not at the top of a module.",
    };
  }
  const { work, unit } = found;
  return { where: `in ${nameOf(work, unit)}`, fix: fixOf(work, unit) };
}

function nameOf({ route }: NextWork, unit: NextUnit | undefined): string {
  if (unit?.type === "build-time-generator") return `${generatorOf(route, unit)} of "${route.replace(idSuffix, "")}"`;
  if (unit?.type === "unstable-cache") return `unstable_cache() in "${route}"`;
  return unit && caches.has(unit.type) ? `"use cache" in "${route}"` : `"${route}"`;
}

/** Next merges the functions that list the files of a route into one. */
function generatorOf(route: string, unit: NextUnit): string {
  if (!idSuffix.test(route)) return `${unit.functionName}()`;
  return `${fileNameOf(route) === "sitemap" ? "generateSitemaps" : "generateImageMetadata"}()`;
}

function fixOf(work: NextWork, unit: NextUnit | undefined): string {
  if (unit?.type === "build-time-generator") {
    return `It cannot run for each request: return what is known without a signal. Next renders everything else on request.`;
  }
  if (unit && caches.has(unit.type)) return "Do it outside of the cached function, and pass the value as an argument.";
  const { file, isPage } = fileOf(work);
  if (work.forceStatic || work.dynamicShouldError) {
    const forced = work.forceStatic ? "force-static" : "error";
    return `In ${file}, write export const dynamic = "force-dynamic" instead of "${forced}".`;
  }
  if (work.cacheComponentsEnabled) {
    const inside = isPage ? ", in a component inside of <Suspense>" : "";
    return `In ${file}, write await connection(); before it${inside}: import { connection } from "next/server".`;
  }
  const other = isPage ? " Or read it in a component with useReactive(signal), which does the same." : "";
  return `In ${file}, write export const dynamic = "force-dynamic";${other}`;
}

function fileOf({ page, route }: NextWork): { readonly file: string; readonly isPage: boolean } {
  const isRoute = page.endsWith("/route");
  const name = isRoute ? fileNameOf(route) : undefined;
  if (name) return { file: `the file of this ${name}`, isPage: false };
  return isRoute ? { file: "this route.ts", isPage: false } : { file: "this page (or its layout)", isPage: true };
}

function fileNameOf(route: string): string | undefined {
  return metadataFile.exec(route.replace(idSuffix, ""))?.[1];
}
