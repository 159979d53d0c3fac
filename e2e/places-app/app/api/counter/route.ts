import "../../../lib/backend.ts";
import { counter } from "../../../lib/signals.ts";

export async function POST(request: Request): Promise<Response> {
  await counter.set(Number(await request.text()));
  return new Response(null, { status: 204 });
}
