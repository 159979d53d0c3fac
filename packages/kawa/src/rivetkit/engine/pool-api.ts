import { clip, KawaError } from "../../core/errors/errors.ts";
import { processState } from "../../core/process/process-state.ts";
import { askEngine } from "./ask-engine.ts";
import { noteAnswer, noteFailure } from "./engine-answers.ts";
import type { EngineTarget } from "../settings/engine-target.ts";

const timeoutMs = 2_000;
/** As many servers as the engine lists at once. */
const pageSize = 100;
/** Addresses may not become too long. */
const maxKeys = 50;
const maxActors = 100;
/** An engine pings every second, as it is shipped every three. One that was killed left its servers as they were. */
const freshMs = 4_000;
const shareMs = 300;

/** A list of servers says that it is so much earlier than when it was asked for, at most: it may be shared, and tells its time in whole seconds. */
export const earlyMs = shareMs + 1_000;

/** A server that hosts actors of the pool, as the engine knows it. */
export type PoolHost = {
  readonly key: string;
  /** When it connected for the first time. */
  readonly createdAtMs: number;
  /** When the engine last asked it for a sign of life. */
  readonly lastPingAtMs: number;
  /** Version of its code. The engine starts actors only where it is the highest. */
  readonly version: number;
  /** How many actors it has. */
  readonly actorCount: number;
};

export type HostList = {
  readonly hosts: readonly PoolHost[];
  /** By the clock of the engine, which may go otherwise than that of this server. */
  readonly nowMs: number;
};

/** All servers that are connected to the engine, at this moment or a little earlier: all actors of a process ask at the same time. */
export function connectedHosts(target: EngineTarget): Promise<HostList> {
  const recent = processState("connected-hosts", () => new Map<string, Recent>());
  const id = JSON.stringify([target.endpoint, target.namespace, target.pool]);
  const known = recent.get(id);
  const now = performance.now();
  if (known && now - known.at < shareMs) return known.list;
  const list = listConnected(target);
  recent.set(id, { at: now, list });
  return list;
}

/** The engine lists those first that came last. Whoever takes a part of them for all believes that servers are gone. */
async function listConnected(target: EngineTarget): Promise<HostList> {
  const seen = new Set<string>();
  const fresh: PoolHost[] = [];
  let cursor: string | undefined;
  let startMs: number | undefined;
  for (;;) {
    const { hosts, nowMs } = await listHosts(target, [
      ["name", target.pool],
      ["limit", String(pageSize)],
      ...(cursor === undefined ? [] : [["cursor", cursor] as const]),
    ]);
    startMs ??= nowMs;
    const added = hosts.filter(({ key }) => !seen.has(key));
    for (const host of added) {
      seen.add(host.key);
      if (isFresh(host, nowMs)) fresh.push(host);
    }
    if (hosts.length < pageSize) return { hosts: fresh, nowMs: startMs };
    if (added.length === 0)
      throw new KawaError("BACKEND_UNAVAILABLE", "The engine lists the same servers again and again.");
    // A page begins with what came before the cursor: others may have come in that millisecond too.
    cursor = String(hosts.at(-1)!.createdAtMs + 1);
  }
}

/** These servers, also those that are gone. */
export async function hostsByKey(target: EngineTarget, keys: readonly string[]): Promise<HostList> {
  const parts: HostList[] = [];
  for (let at = 0; at < keys.length; at += maxKeys) {
    const part = keys.slice(at, at + maxKeys);
    parts.push(
      await listHosts(
        target,
        part.map((key) => ["envoy_key", key]),
      ),
    );
  }
  return { hosts: parts.flatMap(({ hosts }) => hosts), nowMs: Math.min(...parts.map(({ nowMs }) => nowMs)) };
}

/** Whether the engine has had a sign of life of a server for so short a time that it lives. */
export function isFresh({ lastPingAtMs }: PoolHost, nowMs: number): boolean {
  return nowMs - lastPingAtMs < freshMs;
}

type Recent = { readonly at: number; readonly list: Promise<HostList> };

export type RunningActor = {
  readonly id: string;
  /** Since when it is where it is. */
  readonly connectableAtMs: number;
};

type Actor = {
  readonly actor_id: string;
  readonly connectable_ts?: number | null;
  /** Its pool. */
  readonly runner_name_selector?: string;
};

/** The actor of this pool, if the engine believes that it runs. */
export async function runningActor(
  target: EngineTarget,
  actorName: string,
  actorId: string,
): Promise<RunningActor | undefined> {
  // As RivetKit writes the one part of a key.
  const key = actorId.replaceAll("\\", "\\\\").replaceAll("/", "\\/");
  const [actor] = await listActors(target, { name: actorName, key });
  if (!actor?.connectable_ts || !isOfPool(actor, target)) return undefined;
  return { id: actor.actor_id, connectableAtMs: actor.connectable_ts };
}

/** How many actors of this name the engine believes to run in this pool; undefined where there are too many to list. */
export async function countRunning(target: EngineTarget, actorName: string): Promise<number | undefined> {
  const actors = await listActors(target, { name: actorName, limit: String(maxActors) });
  if (actors.length >= maxActors) return undefined;
  return actors.filter((actor) => actor.connectable_ts && isOfPool(actor, target)).length;
}

/** Actors of a namespace have any pool, and their servers are of the same. */
function isOfPool({ runner_name_selector: pool }: Actor, target: EngineTarget): boolean {
  return pool === undefined || pool === target.pool;
}

/** Has the engine end an actor and start it again, where it chooses. */
export async function startElsewhere(target: EngineTarget, { id }: RunningActor): Promise<void> {
  const query = new URLSearchParams({ namespace: target.namespace });
  await call(target, { what: "start an actor elsewhere", path: `/actors/${id}/reschedule?${query}`, sent: {} });
}

async function listActors(target: EngineTarget, asked: Record<string, string>): Promise<readonly Actor[]> {
  const query = new URLSearchParams({ namespace: target.namespace, ...asked });
  const { list } = await call<Actor>(target, { what: "list its actors", path: `/actors?${query}`, listed: "actors" });
  return list;
}

type Envoy = {
  readonly envoy_key: string;
  readonly create_ts: number;
  readonly last_ping_ts: number;
  readonly version: number;
  readonly slots: number;
};

async function listHosts(target: EngineTarget, more: readonly (readonly [string, string])[]): Promise<HostList> {
  const query = new URLSearchParams([["namespace", target.namespace], ...more.map(([name, value]) => [name, value])]);
  const { list, date } = await call<Envoy>(target, {
    what: "list its servers",
    path: `/envoys?${query}`,
    listed: "envoys",
  });
  const hosts = list.map(({ envoy_key, create_ts, last_ping_ts, version, slots }) => ({
    key: envoy_key,
    createdAtMs: create_ts,
    lastPingAtMs: last_ping_ts,
    version,
    actorCount: slots,
  }));
  return { hosts, nowMs: date ?? Math.max(...hosts.map(({ lastPingAtMs }) => lastPingAtMs)) };
}

type Call = {
  /** What the engine is asked to do, in words. */
  readonly what: string;
  readonly path: string;
  readonly sent?: object;
  /** The name of the list in the answer. */
  readonly listed?: string;
};

type Answer<T> = { readonly list: readonly T[]; readonly date: number | undefined };

/** Who asks goes on without the engine, so what it does not do is told here. */
async function call<T>(target: EngineTarget, { what, path, sent, listed }: Call): Promise<Answer<T>> {
  try {
    const response = await askEngine(target, path, { body: sent, signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    if (!response.ok) throw refusal(response.status, text);
    const list: unknown = listed === undefined ? [] : (JSON.parse(text) as Record<string, unknown>)[listed];
    if (!Array.isArray(list)) throw refusal(response.status, text);
    noteAnswer(target, what);
    const date = Date.parse(response.headers.get("date") ?? "");
    return { list, date: Number.isNaN(date) ? undefined : date };
  } catch (error) {
    noteFailure(target, what, error);
    throw error;
  }
}

function refusal(status: number, text: string): KawaError {
  return new KawaError("BACKEND_UNAVAILABLE", `The engine answered ${status}: ${clip(text)}`, { data: { status } });
}
