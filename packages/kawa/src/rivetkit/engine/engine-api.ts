import { createHmac, randomBytes } from "node:crypto";
import { KawaError } from "../../core/errors/errors.ts";
import { askEngine } from "./ask-engine.ts";
import { waitUntil } from "./processes.ts";

const healthTimeoutMs = 1_000;
const requestTimeoutMs = 10_000;
/** Requests of the store watch take some milliseconds. */
const storeTimeoutMs = 1_500;
/** The engine stores the heartbeat of each server every second. An older one means that it stores nothing. */
const maxAgeMs = 5_000;
/** A timeout is many short waits: a single long one is over at once where this process was held up. */
const patienceSlices = 10;
/** The pool of the store probe; no server hosts actors in it. */
const probePool = "kawa-probe";

/** Older versions of Kawa used this name, which everybody knows. */
export const oldNamespace = "kawa";
const hiddenNamespace = /^kawa-[0-9a-f]{32}$/;

/** An engine on this machine, and the token that it asks for. */
export type EngineAccess = { readonly port: number; readonly adminToken: string };

/** The engine's gateway to actors asks for no token, only for the name of the namespace: so the name is a secret too. */
export function createNamespaceName(): string {
  return `${oldNamespace}-${randomBytes(16).toString("hex")}`;
}

export async function isHealthy(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/health`, { signal: patienceOf(healthTimeoutMs) });
    return response.ok && ((await response.json()) as { runtime?: string }).runtime === "engine";
  } catch {
    return false;
  }
}

/** Rejects when the engine does not answer. */
export async function checkHealth(port: number): Promise<void> {
  if (!(await isHealthy(port)))
    throw new KawaError("BACKEND_UNAVAILABLE", `The engine on port ${port} does not answer.`);
}

/** Whether the engine accepts this token; without one, whether it accepts requests without a token. */
export async function obeys(port: number, adminToken: string | undefined): Promise<boolean> {
  const { status } = await callEngine({ port, adminToken }).catch(() => ({ status: 0 }));
  return status !== 401 && status !== 403;
}

/** The namespace of Kawa's actors in this store; undefined before the first start. */
export async function findNamespace(access: EngineAccess): Promise<string | undefined> {
  const response = await callEngine(access);
  if (!response.ok) throw await refusal(response, "list its namespaces");
  const { namespaces } = (await response.json()) as { namespaces: readonly { readonly name: string }[] };
  const names = namespaces.map(({ name }) => name);
  const own = namespaceNameOf(access);
  return (
    names.find((name) => name === own) ??
    names.find((name) => hiddenNamespace.test(name)) ??
    names.find((name) => name === oldNamespace)
  );
}

/** The name follows from the token: a start that was interrupted may have made the namespace, and values must not be in two of them. */
export async function createNamespace(access: EngineAccess): Promise<string> {
  const name = namespaceNameOf(access);
  const response = await callEngine(access, { method: "POST", body: { name, display_name: oldNamespace } });
  const error = response.ok ? undefined : await refusal(response, "make a namespace");
  if (error && !error.message.includes("name_not_unique")) throw error;
  const isMade = await waitUntil(async () => (await findNamespace(access)) === name, requestTimeoutMs);
  if (!isMade)
    throw error ?? new KawaError("BACKEND_UNAVAILABLE", "The engine does not list the namespace that it has made.");
  return name;
}

/**
 * Rejects when the engine stores nothing any more. It stores every second that a server is connected, so mostly nothing has to be written
 * to see that it does.
 */
export async function checkStore(access: EngineAccess, namespace: string): Promise<void> {
  if ((await lastStoredAtMs(access, namespace)) < Date.now() - maxAgeMs) await storeProbe(access, namespace);
}

/** When the engine last stored something; 0 where it does not say. */
async function lastStoredAtMs(access: EngineAccess, namespace: string): Promise<number> {
  const path = `/envoys?${new URLSearchParams({ namespace, limit: "100" })}`;
  const response = await callEngine(access, { path, timeoutMs: storeTimeoutMs });
  await checkAble(response, "list its servers");
  const { envoys = [] } = (await response.json()) as { envoys?: readonly { readonly last_ping_ts: number }[] };
  return Math.max(0, ...envoys.map(({ last_ping_ts }) => last_ping_ts));
}

async function storeProbe(access: EngineAccess, namespace: string): Promise<void> {
  const path = `/runner-configs/${probePool}?${new URLSearchParams({ namespace })}`;
  const body = { datacenters: { default: { normal: {} } } };
  const response = await callEngine(access, { path, method: "PUT", body, timeoutMs: storeTimeoutMs });
  await checkAble(response, "store something");
  await response.body?.cancel();
}

/** An engine of another version may refuse a request. It does its work all the same: to start it anew would change nothing. */
async function checkAble(response: Response, what: string): Promise<void> {
  if (response.status >= 500) throw await refusal(response, what);
}

function namespaceNameOf({ adminToken }: EngineAccess): string {
  return `${oldNamespace}-${createHmac("sha256", adminToken).update("kawa.namespace").digest("hex").slice(0, 32)}`;
}

type Call = { readonly path?: string; readonly method?: string; readonly body?: object; readonly timeoutMs?: number };

function callEngine(
  { port, adminToken }: { port: number; adminToken: string | undefined },
  { path = "/namespaces", method = "GET", body, timeoutMs = requestTimeoutMs }: Call = {},
): Promise<Response> {
  const engine = { endpoint: `http://127.0.0.1:${port}`, token: adminToken };
  return askEngine(engine, path, { method, body, signal: patienceOf(timeoutMs) });
}

/** Aborts after `ms` in which this process could have read an answer. While the process is held up, an answer that has come waits unread. */
function patienceOf(ms: number): AbortSignal {
  const controller = new AbortController();
  let left = patienceSlices;
  const wait = (): void => {
    left -= 1;
    if (left < 0) controller.abort(new DOMException("It did not answer in time.", "TimeoutError"));
    else setTimeout(wait, ms / patienceSlices).unref();
  };
  wait();
  return controller.signal;
}

async function refusal(response: Response, what: string): Promise<KawaError> {
  const body = await response.text();
  return new KawaError(
    "BACKEND_UNAVAILABLE",
    `The engine refused to ${what}: ${response.status} ${body.slice(0, 200)}`,
  );
}
