import { KawaError } from "../../../core/errors/errors.ts";
import { processState } from "../../../core/process/process-state.ts";
import { onSessionRevoked } from "../../../rivetkit/identity/revoked-sessions.ts";
import type { AskingClient } from "../../network/asking-client.ts";
import { answerMs } from "../../stream/open-streams.ts";
import { quotas } from "../../limits/quota.ts";
import type { PushEnd } from "../../protocol/push-protocol.ts";

type OpenPush = { end(reason: PushEnd): void };

const pushes = processState("open-pushes", () => new Map<string, OpenPush>());
/** The calls of each session's tabs. */
const bySession = processState("pushes-of-sessions", () => new Map<string, Set<OpenPush>>());

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
  const { session } = client;
  if (session !== undefined) follow(session, push);
  return () => {
    if (pushes.get(tab) !== push) return;
    pushes.delete(tab);
    if (session !== undefined) unfollow(session, push);
    calls.giveBack(client, 1);
    fragments.giveBack(client, fragmentCount);
  };
}

function follow(session: string, push: OpenPush): void {
  endWithSessions();
  const ofSession = bySession.get(session);
  if (ofSession) ofSession.add(push);
  else bySession.set(session, new Set([push]));
}

function unfollow(session: string, push: OpenPush): void {
  const ofSession = bySession.get(session);
  ofSession?.delete(push);
  if (ofSession?.size === 0) bySession.delete(session);
}

/** Ends calls when their sessions end, from now on: their tabs call again, with the session that they have then. */
function endWithSessions(): void {
  processState("end-pushes-with-sessions", () => {
    onSessionRevoked((session) => {
      if (!bySession.has(session)) return;
      setTimeout(() => {
        for (const push of [...(bySession.get(session) ?? [])]) push.end("renew");
      }, answerMs).unref();
    });
    return true;
  });
}

function exhausted(what: string): KawaError {
  return new KawaError(
    "STREAMS_EXHAUSTED",
    `The limit of ${what} is reached, for this client or for all clients (docs/limits.md).`,
  );
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
