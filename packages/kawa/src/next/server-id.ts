import { processState } from "../core/process-state.ts";

/** Names this process to browsers: only the server that rendered a page knows what the page has read. */
export function serverId(): string {
  return processState("server-id", () => Math.random().toString(36).slice(2, 10));
}
