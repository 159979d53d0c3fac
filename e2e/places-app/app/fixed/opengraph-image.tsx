import { connection } from "next/server";
import { counter } from "../../lib/signals.ts";

export const contentType = "image/png";

export default async function Image(): Promise<Response> {
  await connection();
  return new Response(String(await counter.get()));
}
