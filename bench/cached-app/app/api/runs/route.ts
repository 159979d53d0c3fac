import { connection } from "next/server";
import { runs } from "../../../lib/costly-board.tsx";

export async function GET(): Promise<Response> {
  await connection();
  return new Response(String(runs.count));
}
