import { counter } from "../../../lib/signals";

export async function POST(): Promise<Response> {
  return Response.json(await counter.update((count) => count + 1));
}
