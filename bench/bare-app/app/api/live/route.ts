import { score } from "../../../lib/score.ts";

export const dynamic = "force-dynamic";

export function GET(request: Request): Response {
  const encoder = new TextEncoder();
  const event = encoder.encode("data: change\n\n");
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const listener = (): void => controller.enqueue(event);
      score.listeners.add(listener);
      // Next sends the headers with the first bytes.
      controller.enqueue(encoder.encode(": open\n\n"));
      request.signal.addEventListener("abort", () => {
        score.listeners.delete(listener);
        controller.close();
      });
    },
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-cache, no-transform" },
  });
}
