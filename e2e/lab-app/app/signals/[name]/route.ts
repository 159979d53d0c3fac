import "../../../lib/backend.ts";
import { labCounter } from "../../../lib/signals.ts";

type Context = { params: Promise<{ name: string }> };

export async function GET(_: Request, { params }: Context): Promise<Response> {
  return Response.json(await labCounter((await params).name).get());
}

/** Sets a counter to the number in the body; answers when it is durable. */
export async function PUT(request: Request, { params }: Context): Promise<Response> {
  const value: unknown = await request.json();
  if (typeof value !== "number") return new Response("The body must be a number.\n", { status: 400 });
  await labCounter((await params).name).set(value);
  return new Response(null, { status: 204 });
}
