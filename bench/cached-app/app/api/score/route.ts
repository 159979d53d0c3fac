import "../../../lib/backend.ts";
import { score } from "../../../lib/signals.ts";

export async function POST(request: Request): Promise<Response> {
  await score.set(Number(await request.text()));
  return new Response(null, { status: 204 });
}
