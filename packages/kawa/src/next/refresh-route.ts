"use server";
import { refresh } from "next/cache";
import { headers } from "next/headers";
import { knownRenders } from "../react/known-renders.ts";
import { isRenderId, nameAnswer } from "../react/render-id.ts";
import { checkHost } from "./check-host.ts";

/**
 * Has Next render the route that the caller shows again, in the answer to this call. `router.refresh()` would do the same and throw
 * away everything that was prefetched: each visible link would be fetched again (vercel/next.js#93210).
 *
 * @param next id of the render that this makes
 * @param shown id of the one that it replaces; the stream of its tab goes on with the new one
 */
export async function refreshRoute(next: string, shown: string): Promise<void> {
  const asked = await headers();
  checkHost({ headers: asked });
  // Anybody may call an action, with anything. An id that is known is somebody's.
  if (isRenderId(next) && !knownRenders().get(next)) {
    nameAnswer(asked, { id: next, refresh: { of: isRenderId(shown) ? knownRenders().get(shown) : undefined } });
  }
  refresh();
}
