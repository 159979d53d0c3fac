import { tokenAt, whoAt } from "../../../lib/who.ts";

export async function GET(request: Request): Promise<Response> {
  const place = new URL(request.url).searchParams.get("place")!;
  return Response.json({ who: await whoAt(place).get(), token: await tokenAt(place).get() });
}
