import "../../../../lib/backend.ts";
import { labShared } from "../../../../lib/signals.ts";
import { keys } from "../../keys.ts";

type Context = { params: Promise<{ run: string }> };

/** The counters of a run, as this server has them. */
export async function GET(_: Request, { params }: Context): Promise<Response> {
  const { run } = await params;
  const values = await Promise.all(keys.map(async (key) => [key, await labShared(`${run}-${key}`).get()] as const));
  return Response.json(Object.fromEntries(values));
}

/** Adds one to the counter that the body names; answers when it is durable. */
export async function POST(request: Request, { params }: Context): Promise<Response> {
  await labShared(`${(await params).run}-${await request.text()}`).update((count) => count + 1);
  return new Response(null, { status: 204 });
}
