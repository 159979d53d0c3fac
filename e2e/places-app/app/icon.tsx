import { probe } from "../lib/probe.ts";

export const contentType = "image/png";

export default async function Image(): Promise<Response> {
  await probe("icon");
  return new Response("an image");
}
