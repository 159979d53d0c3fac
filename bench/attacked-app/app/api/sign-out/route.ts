import "../../../lib/backend.ts";
import { sessions } from "../../../lib/sessions.ts";

export async function POST(): Promise<Response> {
  await sessions.signOut();
  return new Response(null, { status: 204 });
}
