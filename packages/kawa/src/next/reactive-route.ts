import { processState } from "../core/process-state.ts";
import { formatVersions, parseVersions } from "../core/version.ts";
import { hub } from "./hub.ts";
import { serverId } from "./server-id.ts";

export type ReactiveRouteOptions = {
  /** Gap between keep-alive events, in milliseconds. @default 15_000 */
  pingIntervalMs?: number;
};

type Route = { GET(request: Request): Response };

/** A browser that has wandered further without a render of its layouts hears of every change. */
const maxPaths = 20;

const openStreams = processState("open-streams", () => new Set<() => void>());

/** Ends all streams of this process: `next start` does not exit while one is open. Browsers come back by themselves. */
export function closeStreams(): void {
  for (const close of [...openStreams]) close();
}

/**
 * The route that `<LiveUpdates />` listens to: server-sent events that say when what the page has read has changed, and
 * never a value or a key.
 *
 * @example
 * // app/api/reactive/route.ts
 * export const { GET } = createReactiveRoute();
 */
export function createReactiveRoute(options: ReactiveRouteOptions = {}): Route {
  const { pingIntervalMs = 15_000 } = options;
  return {
    GET(request) {
      if (request.headers.get("sec-fetch-site") === "cross-site") {
        return new Response("Cross-site streams are refused.", { status: 403 });
      }
      const query = new URL(request.url).searchParams;
      const asked = query.getAll("path");
      const isKnown = query.get("server") === serverId() && asked.length > 0 && asked.length <= maxPaths;
      const paths = isKnown ? asked : undefined;
      const shown = parseVersions(query.get("versions") ?? "");
      return new Response(openStream({ paths, shown, pingIntervalMs, signal: request.signal }), {
        headers: {
          "content-type": "text/event-stream; charset=utf-8",
          "cache-control": "no-cache, no-transform",
          "x-accel-buffering": "no",
          // On a connection that is kept, a browser comes back while Next waits for it to be idle.
          connection: "close",
        },
      });
    },
  };
}

type StreamOptions = {
  paths: readonly string[] | undefined;
  shown: ReturnType<typeof parseVersions>;
  pingIntervalMs: number;
  signal: AbortSignal;
};

function openStream({ paths, shown, pingIntervalMs, signal }: StreamOptions): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let cleanUp = (): void => {};
  let isChanged = false;
  let flush = (): void => {};

  return new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (event: string, data: string): void =>
        controller.enqueue(encoder.encode(`event: ${event}\ndata: ${data}\n\n`));
      // One event for all changes of a turn, and for all changes while the browser does not read.
      flush = () => {
        if (!isChanged || (controller.desiredSize ?? 0) <= 0) return;
        isChanged = false;
        send("change", formatVersions(hub().versions));
      };
      const onChange = (): void => {
        if (isChanged) return;
        isChanged = true;
        setImmediate(flush);
      };
      const unlisten = hub().listen({ paths, onChange });
      const ping = setInterval(() => send("ping", ""), pingIntervalMs);
      cleanUp = () => {
        clearInterval(ping);
        unlisten();
        openStreams.delete(close);
        signal.removeEventListener("abort", close);
        flush = () => {};
      };
      const close = (): void => {
        cleanUp();
        try {
          controller.close();
        } catch {
          // The browser has gone first.
        }
      };
      if (signal.aborted) return close();
      openStreams.add(close);
      signal.addEventListener("abort", close);
      send("hello", formatVersions(hub().versions));
      if (hub().hasChanged(paths, shown)) onChange();
    },
    pull: () => flush(),
    cancel: () => cleanUp(),
  });
}
