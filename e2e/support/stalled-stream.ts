import type { Page } from "@playwright/test";

/** From the next load on, the stream of the page can be stalled: it stays open, and nothing comes through. */
export async function stallableStream(page: Page): Promise<void> {
  await page.addInitScript(() => {
    // What a worker fetches cannot be held up.
    Reflect.deleteProperty(window, "SharedWorker");
    const nativeFetch = fetch;
    window.fetch = async (input, init) => {
      const response = await nativeFetch(input, init);
      if (init?.method !== "POST" || !String(input).endsWith("/api/reactive") || !response.body) return response;
      const held = new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          if (!(window as { isStalled?: boolean }).isStalled) controller.enqueue(chunk);
        },
      });
      return new Response(response.body.pipeThrough(held), response);
    };
  });
}

export async function stallStream(page: Page): Promise<void> {
  await page.evaluate(() => Object.assign(window, { isStalled: true }));
}
