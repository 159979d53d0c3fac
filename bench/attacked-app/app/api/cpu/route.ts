export const dynamic = "force-dynamic";

/** CPU time that this process has used, in milliseconds. */
export function GET(): Response {
  const { user, system } = process.cpuUsage();
  return new Response(String((user + system) / 1_000));
}
