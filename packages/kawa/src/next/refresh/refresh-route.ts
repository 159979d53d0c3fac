"use server";
import { refresh } from "next/cache";
import { headers } from "next/headers";
import { clip, KawaError } from "../../core/errors/errors.ts";
import { afterAnswer } from "../../core/work/next-request.ts";
import { markRefresh } from "../../core/work/refresh-requests.ts";
import { knownRenders } from "../../react/render/known-renders.ts";
import { isRenderId, nameAnswer } from "../../react/render/render-id.ts";
import { RenderReads } from "../../react/render/render-reads.ts";
import { checkHost } from "../network/check-host.ts";
import { reportSeldom } from "../limits/report-seldom.ts";
import { runsForPage } from "./runs-for-page.ts";

/**
 * Has Next render the route that the caller shows again, in the answer to this call. `router.refresh()` would do the same and throw
 * away everything that was prefetched: each visible link would be fetched again (vercel/next.js#93210).
 *
 * @param next id of the render that this makes
 * @param shown id of the one that it replaces; the stream of its tab goes on with the new one
 * @param paths of the pages that the caller shows, after all rewrites
 * @returns false where this call has reached another page, and has rendered nothing: Next would show that page instead
 */
export async function refreshRoute(next: string, shown: string, paths?: readonly string[]): Promise<boolean> {
  const asked = await headers();
  checkHost({ headers: asked });
  markRefresh(asked);
  // Anybody may call an action, with anything.
  if (Array.isArray(paths) && !runsForPage(paths.map(String))) {
    const message = `A refresh of the page ${clip(paths.join(", "))} reached another page, so Kawa refreshes it in a slower way. Let the middleware that rewrites its address also run for requests with the header next-action.`;
    reportSeldom("misrouted", "Server actions of a page do not reach it.", new KawaError("ACTION_MISROUTED", message));
    return false;
  }
  // A known id belongs to a render already.
  if (isRenderId(next) && !knownRenders().get(next)) {
    // A page that is forced to be static is rendered without its id. Below a layout that Next keeps as static, a late part reads first.
    const reads = new RenderReads(next);
    const stopGrowing = reads.grow();
    afterAnswer(stopGrowing);
    knownRenders().add(reads);
    const of = isRenderId(shown) ? knownRenders().get(shown) : undefined;
    nameAnswer(asked, { id: next, announced: { reads, stopGrowing }, refresh: { of } });
  }
  refresh();
  return true;
}
