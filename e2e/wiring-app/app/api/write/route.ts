import { likes } from "../../../lib/signals";

/** Knows of a signal, and of nothing else of Kawa. */
export async function POST(): Promise<Response> {
  return Response.json(await likes.update((n) => n + 1));
}
