import "../../../lib/backend.ts";
import { labGuests } from "../../../lib/signals.ts";

type Context = { params: Promise<{ room: string }> };

/** Puts a guest into a room; answers when that is durable. */
export async function PUT(_request: Request, { params }: Context): Promise<Response> {
  const { room } = await params;
  await labGuests({ room, id: "guest" }).set("Grace");
  return new Response(null, { status: 204 });
}
