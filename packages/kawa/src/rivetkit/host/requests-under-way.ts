import { subscribe } from "node:diagnostics_channel";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { processState } from "../../core/process/process-state.ts";

const checkIntervalMs = 10;

const underWay = processState("requests-under-way", () => new Set<ServerResponse>());

/** Counts the requests to all `node:http` servers of this process from now on. Idempotent. */
export function noteRequests(): void {
  processState("notes-requests", () => {
    subscribe("http.server.request.start", (message) => {
      const { response } = message as { readonly response: ServerResponse };
      underWay.add(response);
      response.once("close", onClose);
    });
    return true;
  });
}

function onClose(this: ServerResponse): void {
  underWay.delete(this);
}

/** Resolves when all requests are answered, or after `maxMs` milliseconds. */
export async function whenAnswered(maxMs: number): Promise<void> {
  const latest = performance.now() + maxMs;
  while (underWay.size > 0 && performance.now() < latest) await sleep(checkIntervalMs);
}
