import { backend } from "../../../lib/backend.ts";

export const dynamic = "force-dynamic";

/** Values that the store holds, those of servers included. */
export async function GET(): Promise<Response> {
  const [own, hidden] = await Promise.all([backend.keys(""), backend.keys("\0server:")]);
  return new Response(String(own.length + hidden.length));
}
