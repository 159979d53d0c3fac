import { env } from "@/lib/env";
import { labGuests } from "@/lib/lab-signals";

type Context = { params: Promise<{ room: string }> };

/** Puts a guest into a room; answers when that is durable. */
export async function PUT(_request: Request, { params }: Context): Promise<Response> {
  if (!env.isLab) return new Response(null, { status: 404 });
  const { room } = await params;
  await labGuests({ room, id: "guest" }).set("Grace");
  return new Response(null, { status: 204 });
}
