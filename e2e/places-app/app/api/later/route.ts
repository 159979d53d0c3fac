import { after } from "next/server";
import { act } from "../../../lib/who.ts";

export async function POST(): Promise<Response> {
  after(() => act("handler"));
  after(act("handler-promise"));
  after(() => after(() => act("handler-nested")));
  return new Response(null, { status: 204 });
}
