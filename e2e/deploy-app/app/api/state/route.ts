import { counter, note } from "../../../lib/signals";

export async function GET(): Promise<Response> {
  return Response.json({ counter: await counter.get(), note: await note.get() });
}

export async function PUT(request: Request): Promise<Response> {
  await note.set({ text: await request.text() });
  return new Response(null, { status: 204 });
}

export async function POST(): Promise<Response> {
  return Response.json(await counter.update((count) => count + 1));
}
