import "../../../lib/backend.ts";
import { here } from "../../../lib/signals.ts";

/** `first count`: these visitors come. */
export async function POST(request: Request): Promise<Response> {
  const [first = 0, count = 0] = (await request.text()).split(" ").map(Number);
  await Promise.all(Array.from({ length: count }, (_, index) => here(String(first + index)).set(true)));
  return new Response(null, { status: 204 });
}
