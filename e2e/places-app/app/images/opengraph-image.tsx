import { probe } from "../../lib/probe.ts";

export async function generateImageMetadata(): Promise<{ id: string; contentType: string }[]> {
  await probe("generateImageMetadata");
  return [{ id: "one", contentType: "image/png" }];
}

export default function Image(): Response {
  return new Response("an image");
}
