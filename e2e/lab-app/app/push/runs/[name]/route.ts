import { runCount } from "../../runs.ts";

export async function GET(_: Request, { params }: { params: Promise<{ name: string }> }): Promise<Response> {
  return Response.json(runCount((await params).name));
}
