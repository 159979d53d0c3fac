import type { Finding } from "./doctor.ts";

const timeoutMs = 15_000;
const route = "/api/reactive";

/** Asks the running app for a page and for a stream. `url` is that of a page with `<LiveUpdates>`, with the app's basePath. */
export async function checkRunning(url: string): Promise<Finding[]> {
  let page: URL;
  try {
    page = new URL(url);
  } catch {
    return [
      { state: "wrong", text: `--url ${JSON.stringify(url)} is no address`, line: "--url http://localhost:3000" },
    ];
  }
  try {
    const response = await fetch(page, { headers: { accept: "text/html" }, signal: AbortSignal.timeout(timeoutMs) });
    const html = await response.text();
    if (!response.ok) return [{ state: "wrong", text: `${page.href} answered ${response.status}` }];
    const src = /\\"src\\":\\"([^"\\]+)\\",\\"re(?:nder|fresh)\\":/.exec(html)?.[1];
    const named = response.headers.get("server-timing")?.includes("kawa") === true;
    return [
      src === undefined
        ? {
            state: "wrong",
            text: `${page.href} has no <LiveUpdates> (LIVE_UPDATES_MISSING)`,
            line: "<LiveUpdates>{children}</LiveUpdates>",
          }
        : { state: "right", text: `${page.href} follows its signals through ${src}` },
      named
        ? { state: "right", text: "The middleware names its render" }
        : { state: "hint", text: "No middleware names its render", line: "node_modules/kawa/docs/middleware.md" },
      await checkStream(new URL(src ?? route, page)),
    ];
  } catch (error) {
    return [{ state: "wrong", text: `${page.href} does not answer: ${reasonOf(error)}` }];
  }
}

async function checkStream(address: URL): Promise<Finding> {
  const end = new AbortController();
  const timer = setTimeout(() => end.abort(new Error(`nothing for ${timeoutMs / 1_000} s`)), timeoutMs);
  try {
    const response = await fetch(address, {
      method: "POST",
      headers: { accept: "text/event-stream", "content-type": "application/json", origin: address.origin },
      body: JSON.stringify({ tabs: {} }),
      signal: end.signal,
    });
    const kind = response.headers.get("content-type") ?? "nothing";
    if (response.redirected)
      return {
        state: "wrong",
        text: `${address.pathname} leads to ${new URL(response.url).pathname}: a middleware redirects the stream (ROUTE_MISSING)`,
        line: `Leave ${address.pathname} out of its matcher: the route asks for no sign-in, and hooks say who may read what.`,
      };
    if (!response.ok || !kind.startsWith("text/event-stream"))
      return {
        state: "wrong",
        text: `${address.pathname} answered ${response.status} (${kind}) to a stream (ROUTE_MISSING)`,
      };
    let text = "";
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes("event: hello")) return { state: "right", text: `${address.pathname} streams` };
    }
    return { state: "wrong", text: `${address.pathname} ended its stream without a word` };
  } catch (error) {
    return { state: "wrong", text: `${address.pathname} gives no stream: ${reasonOf(error)}` };
  } finally {
    clearTimeout(timer);
    end.abort();
  }
}

function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  return String((cause as Error | undefined)?.message ?? (error as Error).message);
}
