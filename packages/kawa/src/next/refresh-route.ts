"use server";
import { refresh } from "next/cache";

/**
 * Has Next render the route that the caller shows again, in the answer to this call. `router.refresh()` would do the same and throw
 * away everything that was prefetched: each visible link would be fetched again (vercel/next.js#93210).
 */
export async function refreshRoute(): Promise<void> {
  refresh();
}
