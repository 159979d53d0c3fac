import { likes } from "../../lib/signals";

// This file knows of a signal, and of nothing else of Kawa.

export async function GET(): Promise<Response> {
  return new Response("ready");
}

export async function POST(): Promise<Response> {
  return Response.json(await likes.update((n) => n + 1));
}
