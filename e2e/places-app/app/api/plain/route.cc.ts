import { probe } from "../../../lib/probe.ts";

export async function GET(): Promise<Response> {
  await probe("handler");
  return new Response("plain");
}
