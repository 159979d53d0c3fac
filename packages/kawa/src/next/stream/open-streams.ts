import { processState } from "../../core/process/process-state.ts";
import { cutBackends } from "./cut-backends.ts";
import { onSessionRevoked } from "../../rivetkit/identity/revoked-sessions.ts";
import type { EventStream } from "./event-stream.ts";
import { quotas } from "../limits/quota.ts";

/** After a session has ended, its other tabs wait this long, in milliseconds: the answer with the next session's cookie is on its way. */
export const answerMs = 300;

/** Gap between ticks of the streams, in milliseconds. */
export const tickMs = 1_000;

type OpenStreams = {
  readonly all: Set<EventStream>;
  /** One ticker for all streams: thousands are open. Undefined while there are none. */
  ticker: NodeJS.Timeout | undefined;
  /** True while some stream has told tabs, by `cut`, that they may miss changes. */
  isCut: boolean;
  /** Tabs that have become old: in this turn, and in the one before. */
  readonly changedTabs: { now: number; before: number; isTurning: boolean };
  readonly toFlush: EventStream[];
};

const open = processState<OpenStreams>("open-streams", () => ({
  all: new Set(),
  ticker: undefined,
  isCut: false,
  changedTabs: { now: 0, before: 0, isTurning: false },
  toFlush: [],
}));

/** Counts a stream among those of this process, until {@link removeStream}. */
export function addStream(stream: EventStream): void {
  endWithSessions();
  open.all.add(stream);
  open.ticker ??= setInterval(tick, tickMs);
}

function tick(): void {
  open.all.forEach((each) => each.tick());
  // A process that was held up first reads what its sockets have brought.
  if (open.isCut || cutBackends().length > 0) setImmediate(tellCut);
}

function tellCut(): void {
  const cut = cutBackends();
  open.isCut = cut.length > 0;
  for (const stream of open.all) stream.tellCut(cut);
}

/** A stream that is opened while this process may miss changes says so at once. */
export function tellCutTo(stream: EventStream): void {
  const cut = cutBackends();
  if (cut.length === 0) return;
  open.isCut = true;
  stream.tellCut(cut);
}

/** Is called once for each stream. */
export function removeStream(stream: EventStream): void {
  open.all.delete(stream);
  if (open.all.size > 0) return;
  clearInterval(open.ticker);
  open.ticker = undefined;
}

export function streamCount(): number {
  return open.all.size;
}

/** How many streams a session has open on this server. */
export function streamCountOf(sessionId: string): number {
  return quotas().streams.of({ session: sessionId, address: "" }).session;
}

/** Counts a tab whose render has become old. */
export function noteChangedTab(): void {
  const { changedTabs } = open;
  changedTabs.now += 1;
  if (changedTabs.isTurning) return;
  changedTabs.isTurning = true;
  setImmediate(turn);
}

function turn(): void {
  const { changedTabs } = open;
  changedTabs.before = changedTabs.now;
  changedTabs.now = 0;
  changedTabs.isTurning = changedTabs.before > 0;
  if (changedTabs.isTurning) setImmediate(turn);
}

/** Has a stream tell what has changed once all changes of this turn are known. */
export function flushSoon(stream: EventStream): void {
  if (open.toFlush.push(stream) > 1) return;
  setImmediate(() => {
    for (const flushed of open.toFlush.splice(0)) flushed.flushTurn();
  });
}

/** Tabs that have become old in this turn, on all streams. */
export function changedTabCount(): number {
  return open.changedTabs.before + open.changedTabs.now;
}

/** Ends the streams that a session has opened on this server. Its tabs ask for a render, with the session that they have then. */
function endStreamsOf(sessionId: string): void {
  for (const stream of [...open.all]) if (stream.subject === sessionId) stream.end("expired");
}

/** Ends streams when their sessions end, from now on. */
function endWithSessions(): void {
  processState("end-with-sessions", () => {
    onSessionRevoked((id) => {
      if (streamCountOf(id) > 0) setTimeout(() => endStreamsOf(id), answerMs).unref();
    });
    return true;
  });
}

/** Ends all streams of this process: `next start` does not exit while one is open. Browsers come back by themselves. */
export function closeStreams(): void {
  for (const stream of [...open.all]) stream.end("restart");
}
