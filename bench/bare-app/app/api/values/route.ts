import { score } from "../../../lib/score.ts";

export const dynamic = "force-dynamic";

/** The score, and each later one. */
export function GET(request: Request): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (): void => controller.enqueue(encoder.encode(`data: ${score.value}\n\n`));
      score.listeners.add(send);
      send();
      request.signal.addEventListener("abort", () => {
        score.listeners.delete(send);
        controller.close();
      });
    },
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-cache, no-transform" },
  });
}
