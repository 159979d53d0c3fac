import { bytesInUse } from "../../../../bytes-in-use.ts";

export const dynamic = "force-dynamic";

export async function GET(): Promise<Response> {
  return new Response(String(await bytesInUse()));
}
