import { KawaError } from "../../core/errors.ts";
import { processState } from "../../core/process-state.ts";
import type { AskingClient } from "../asking-client.ts";
import { quotas } from "../quota.ts";
import type { PushEnd } from "./push-protocol.ts";

type OpenPush = { end(reason: PushEnd): void };

const pushes = processState("open-pushes", () => new Map<string, OpenPush>());

export type PushOwner = { readonly tab: string; readonly client: AskingClient; readonly fragmentCount: number };

/**
 * The tab's call from now on; the one before ends. Returns an idempotent removal.
 *
 * @throws {KawaError} STREAMS_EXHAUSTED - there is no room for it
 */
export function addPush({ tab, client, fragmentCount }: PushOwner, push: OpenPush): () => void {
  endPush(tab);
  const { pushes: calls, fragments } = quotas();
  if (!calls.take(client, 1)) throw exhausted("calls that push fragments");
  if (!fragments.take(client, fragmentCount)) {
    calls.giveBack(client, 1);
    throw exhausted("fragments that are pushed");
  }
  pushes.set(tab, push);
  return () => {
    if (pushes.get(tab) !== push) return;
    pushes.delete(tab);
    calls.giveBack(client, 1);
    fragments.giveBack(client, fragmentCount);
  };
}

function exhausted(what: string): KawaError {
  return new KawaError("STREAMS_EXHAUSTED", `There is no room for more ${what}, of this client or of all (docs/limits.md).`);
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
