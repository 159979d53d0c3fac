export const dynamic = "force-dynamic";

/** The least that a route handler of Next can do: what a request costs without Kawa. */
export function GET(): Response {
  return new Response("ok");
}

export async function POST(request: Request): Promise<Response> {
  return new Response(String((await request.text()).length));
}

export { POST as PUT };
