import "../../../../lib/backend.ts";
import { labCounter, labShared } from "../../../../lib/signals.ts";

type Context = { params: Promise<{ kind: string; name: string }> };

async function signalOf({ params }: Context) {
  const { kind, name } = await params;
  return kind === "shared" ? labShared(name) : labCounter(name);
}

export async function GET(_: Request, context: Context): Promise<Response> {
  return Response.json(await (await signalOf(context)).get());
}

/** Sets it to the number in the body; answers when it is durable. */
export async function PUT(request: Request, context: Context): Promise<Response> {
  const value: unknown = await request.json();
  if (typeof value !== "number") return new Response("The body must be a number.\n", { status: 400 });
  await (await signalOf(context)).set(value);
  return new Response(null, { status: 204 });
}
