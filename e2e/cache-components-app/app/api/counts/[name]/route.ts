import "../../../../lib/backend.ts";
import { count } from "../../../../lib/signals.ts";

type Context = { params: Promise<{ name: string }> };

export async function PUT(request: Request, { params }: Context): Promise<Response> {
  await count((await params).name).set(Number(await request.text()));
  return new Response(null, { status: 204 });
}
