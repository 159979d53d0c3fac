import { after } from "next/server";
import { sessions } from "../../../lib/sessions.ts";
import { act } from "../../../lib/who.ts";

export async function POST(request: Request): Promise<Response> {
  await sessions.signIn({ userId: await request.text() });
  after(() => act("sign-in"));
  return new Response(null, { status: 204 });
}
