import { probe } from "../lib/probe.ts";

export const contentType = "image/png";

export default async function Image(): Promise<Response> {
  await probe("twitter-image");
  return new Response("an image");
}
