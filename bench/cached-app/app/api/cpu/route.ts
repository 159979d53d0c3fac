import { connection } from "next/server";

/** CPU time that this process has used, in milliseconds. */
export async function GET(): Promise<Response> {
  await connection();
  const { user, system } = process.cpuUsage();
  return new Response(String((user + system) / 1_000));
}
