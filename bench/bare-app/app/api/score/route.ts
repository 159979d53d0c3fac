import { setScore } from "../../../lib/score.ts";

export async function POST(request: Request): Promise<Response> {
  setScore(Number(await request.text()));
  return new Response(null, { status: 204 });
}
