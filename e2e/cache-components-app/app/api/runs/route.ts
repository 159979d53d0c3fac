import { connection } from "next/server";
import { runCount } from "../../../lib/runs.ts";

export async function GET(request: Request): Promise<Response> {
  await connection();
  return Response.json(runCount(new URL(request.url).searchParams.get("of") ?? "computed"));
}
