import { headers } from "next/headers";
import { after, connection } from "next/server";
import { staticRefusal } from "./static-refusal.ts";

/**
 * Resolves with the headers of the request that the render answers. In a prerender it never resolves: so Next leaves what is below the
 * nearest `<Suspense>` for the request.
 *
 * @throws {KawaError} RENDER_STATIC - what the render shows would be kept, and shown to later requests
 */
export async function awaitRequest(): Promise<Headers> {
  let found: Headers;
  try {
    await connection();
    found = await headers();
  } catch (error) {
    // Next recognises by a digest what it has thrown itself to end a prerender.
    if (typeof error === "object" && error !== null && "digest" in error) throw error;
    throw staticRefusal("A signal was read", { cause: error });
  }
  // A route that is forced to be static gets an empty request.
  if (found.keys().next().done) throw staticRefusal("A signal was read");
  return found;
}

/** Runs `work` when the answer to the request has been sent. */
export function afterAnswer(work: () => void): void {
  after(work);
}
