import { probe } from "../../../lib/probe.ts";

export const dynamic = "force-static";

export async function GET(): Promise<Response> {
  await probe("force-static handler");
  return new Response("static");
}
