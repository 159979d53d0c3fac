import { KawaError } from "../../core/errors.ts";
import { processState } from "../../core/process-state.ts";
import type { PushEnd } from "./push-protocol.ts";

const maxPushes = 10_000;

type OpenPush = { end(reason: PushEnd): void };

const pushes = processState("open-pushes", () => new Map<string, OpenPush>());

/** The tab's call from now on; the one before ends. Returns an idempotent removal. */
export function addPush(tab: string, push: OpenPush): () => void {
  endPush(tab);
  if (pushes.size >= maxPushes) {
    throw new KawaError("STREAMS_EXHAUSTED", `This server pushes fragments to ${maxPushes} tabs, its limit.`);
  }
  pushes.set(tab, push);
  return () => {
    if (pushes.get(tab) === push) pushes.delete(tab);
  };
}

export function endPush(tab: string): void {
  pushes.get(tab)?.end("replaced");
}

/** Ends all pushes of this process: `next start` does not exit while one is open. Browsers come back by themselves. */
export function closePushes(): void {
  for (const push of [...pushes.values()]) push.end("restart");
}

export function pushCount(): number {
  return pushes.size;
}
