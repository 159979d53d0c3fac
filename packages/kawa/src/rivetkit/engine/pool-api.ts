import { KawaError } from "../../core/errors/errors.ts";
import { processState } from "../../core/process/process-state.ts";
import { askEngine } from "./ask-engine.ts";
import type { EngineTarget } from "../settings/engine-target.ts";

const timeoutMs = 2_000;
const maxHosts = 100;
/** An engine pings every second, as it is shipped every three. One that was killed left its servers as they were. */
const freshMs = 4_000;
const shareMs = 300;

/** A server that hosts actors of the pool, as the engine knows it. */
export type PoolHost = {
  readonly key: string;
  /** When it connected for the first time. */
  readonly createdAtMs: number;
  /** When the engine last asked it for a sign of life. */
  readonly lastPingAtMs: number;
};

export type HostList = {
  readonly hosts: readonly PoolHost[];
  /** By the clock of the engine, which may go otherwise than that of this server. */
  readonly nowMs: number;
};

/** The servers that are connected to the engine, at this moment or a little earlier: all actors of a process ask at the same time. */
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

async function listConnected(target: EngineTarget): Promise<HostList> {
  const { hosts, nowMs } = await listHosts(target, [
    ["name", target.pool],
    ["limit", String(maxHosts)],
  ]);
  return { hosts: hosts.filter(({ lastPingAtMs }) => nowMs - lastPingAtMs < freshMs), nowMs };
}

/** These servers, also those that are gone. */
export function hostsByKey(target: EngineTarget, keys: readonly string[]): Promise<HostList> {
  return listHosts(
    target,
    keys.map((key) => ["envoy_key", key]),
  );
}

type Recent = { readonly at: number; readonly list: Promise<HostList> };

export type RunningActor = {
  /** The engine's own name of it. */
  readonly id: string;
  readonly connectableAtMs: number;
};

/** An actor that the engine believes to run; undefined where it starts, sleeps, or was never there. */
export async function runningActor(
  target: EngineTarget,
  actorName: string,
  actorId: string,
): Promise<RunningActor | undefined> {
  // As RivetKit writes the one part of a key.
  const key = actorId.replaceAll("\\", "\\\\").replaceAll("/", "\\/");
  const query = new URLSearchParams({ namespace: target.namespace, name: actorName, key });
  const { body } = await call(target, `/actors?${query}`);
  const { actors } = body as { actors: readonly { actor_id: string; connectable_ts?: number | null }[] };
  const [actor] = actors;
  return actor?.connectable_ts ? { id: actor.actor_id, connectableAtMs: actor.connectable_ts } : undefined;
}

/** Has the engine end an actor and start it again, where it chooses. */
export async function startElsewhere(target: EngineTarget, { id }: RunningActor): Promise<void> {
  const query = new URLSearchParams({ namespace: target.namespace });
  await call(target, `/actors/${id}/reschedule?${query}`, {});
}

async function listHosts(target: EngineTarget, more: readonly (readonly [string, string])[]): Promise<HostList> {
  const query = new URLSearchParams([["namespace", target.namespace], ...more.map(([name, value]) => [name, value])]);
  const { body, date } = await call(target, `/envoys?${query}`);
  const { envoys } = body as {
    envoys: readonly { envoy_key: string; create_ts: number; last_ping_ts: number }[];
  };
  const hosts = envoys.map(({ envoy_key: key, create_ts: createdAtMs, last_ping_ts: lastPingAtMs }) => ({
    key,
    createdAtMs,
    lastPingAtMs,
  }));
  return { hosts, nowMs: date ?? Math.max(...hosts.map(({ lastPingAtMs }) => lastPingAtMs)) };
}

type Answer = { readonly body: unknown; readonly date: number | undefined };

async function call(target: EngineTarget, path: string, sent?: object): Promise<Answer> {
  const response = await askEngine(target, path, { body: sent, signal: AbortSignal.timeout(timeoutMs) });
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw new KawaError("BACKEND_UNAVAILABLE", `The engine answered ${response.status} to ${path}.`);
  const date = Date.parse(response.headers.get("date") ?? "");
  return { body, date: Number.isNaN(date) ? undefined : date };
}
