import { floods } from "../../../lib/floods.ts";

export const dynamic = "force-dynamic";

const durationMs = 2_500;

/** Does one thing again and again, each after the one before; tells how often. */
export async function GET(request: Request): Promise<Response> {
  const flood = floods[new URL(request.url).searchParams.get("of") ?? ""];
  if (!flood) return new Response(null, { status: 404 });
  const until = performance.now() + durationMs;
  let count = 0;
  while (performance.now() < until) await flood((count += 1));
  return new Response(String(count));
}
