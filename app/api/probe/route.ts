import { AsyncLocalStorage } from "node:async_hooks";
import { cookies } from "next/headers";
export const dynamic = "force-dynamic";
export async function GET() {
  const run = AsyncLocalStorage.snapshot();
  const body = new ReadableStream({
    start(controller) {
      setTimeout(async () => {
        let text = "";
        try { text = JSON.stringify(await run(async () => (await cookies()).getAll())); } catch (error) { text = String(error); }
        controller.enqueue(new TextEncoder().encode(text + "\n"));
        controller.close();
      }, 1500);
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}
