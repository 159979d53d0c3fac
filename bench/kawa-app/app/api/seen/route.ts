import "../../../lib/backend.ts";
import { seen } from "../../../lib/signals.ts";

/** `index value` */
export async function POST(request: Request): Promise<Response> {
  const [index, value] = (await request.text()).split(" ");
  await seen(index!).set(Number(value));
  return new Response(null, { status: 204 });
}
