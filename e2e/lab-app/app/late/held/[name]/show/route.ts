import { holdOf } from "../holds.ts";

/** Has the late part be shown, from now on. */
export async function POST(_: Request, { params }: { params: Promise<{ name: string }> }): Promise<Response> {
  holdOf((await params).name).resolve();
  return new Response(null, { status: 204 });
}
