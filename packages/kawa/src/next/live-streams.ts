import { processState } from "../core/process-state.ts";
import type { LiveStream } from "./live-stream.ts";

type OpenStreams = { readonly all: Set<LiveStream>; readonly byClient: Map<string, number>; changedTabs: number };

const open = processState<OpenStreams>("live-streams", () => ({ all: new Set(), byClient: new Map(), changedTabs: 0 }));

/** Counts a stream among those of this process. Returns an idempotent end. */
export function addStream(stream: LiveStream, client: string): () => void {
  open.all.add(stream);
  open.byClient.set(client, streamCountOf(client) + 1);
  return () => {
    if (!open.all.delete(stream)) return;
    const count = streamCountOf(client) - 1;
    if (count === 0) open.byClient.delete(client);
    else open.byClient.set(client, count);
  };
}

export function streamCount(): number {
  return open.all.size;
}

export function streamCountOf(client: string): number {
  return open.byClient.get(client) ?? 0;
}

/** Counts a tab whose render is old since this turn. */
export function noteChangedTab(): void {
  if (open.changedTabs === 0) setImmediate(() => setImmediate(() => (open.changedTabs = 0)));
  open.changedTabs += 1;
}

/** Tabs that have become old in this turn, on all streams. */
export function changedTabCount(): number {
  return open.changedTabs;
}

/** Ends all streams of this process: `next start` does not exit while one is open. Browsers come back by themselves. */
export function closeStreams(): void {
  for (const stream of [...open.all]) stream.end("restart");
}
