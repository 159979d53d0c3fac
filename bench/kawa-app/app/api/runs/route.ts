import { runs } from "../../../lib/runs.ts";

export const dynamic = "force-dynamic";

export function GET(): Response {
  return new Response(String(runs.count));
}
