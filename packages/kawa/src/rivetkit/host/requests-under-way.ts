import { subscribe } from "node:diagnostics_channel";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { onResponseClose } from "../../core/process/on-response-close.ts";
import { processState } from "../../core/process/process-state.ts";

const checkIntervalMs = 10;
/** A request that was on its way to a server when that stopped listening begins within so many checks, also where the process is starved. */
const lateChecks = 10;

const underWay = processState("requests-under-way", () => new Set<ServerResponse>());

/** Counts the requests to all `node:http` servers of this process from now on. Idempotent. */
export function noteRequests(): void {
  processState("notes-requests", () => {
    subscribe("http.server.request.start", (message) => {
      const { response } = message as { readonly response: ServerResponse };
      underWay.add(response);
      onResponseClose(response, () => underWay.delete(response));
    });
    return true;
  });
}

/** Resolves when all requests are answered and no other one has begun for a moment, or after `maxMs` milliseconds. */
export async function whenAnswered(maxMs: number): Promise<void> {
  const latest = performance.now() + maxMs;
  for (let quietChecks = 0; quietChecks < lateChecks && performance.now() < latest;) {
    await sleep(checkIntervalMs);
    quietChecks = underWay.size > 0 ? 0 : quietChecks + 1;
  }
}
