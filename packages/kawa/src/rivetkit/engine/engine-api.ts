import { randomBytes } from "node:crypto";
import { KawaError } from "../../core/errors.ts";

const healthTimeoutMs = 1_000;
const requestTimeoutMs = 10_000;

/** Older versions of Kawa used this name, which everybody knows. */
export const oldNamespace = "kawa";
const hiddenNamespace = /^kawa-[0-9a-f]{32}$/;

/** An engine on this machine, and the token that it asks for. */
export type EngineAccess = { readonly port: number; readonly adminToken: string };

/** Its gateway to actors asks for no token, but for the name of the namespace: that is a secret too. */
export function createNamespaceName(): string {
  return `${oldNamespace}-${randomBytes(16).toString("hex")}`;
}

export async function isHealthy(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(healthTimeoutMs) });
    return response.ok && ((await response.json()) as { runtime?: string }).runtime === "engine";
  } catch {
    return false;
  }
}

/** Whether it obeys who has this token, or none. */
export async function obeys(port: number, adminToken: string | undefined): Promise<boolean> {
  const { status } = await callEngine({ port, adminToken }, "GET").catch(() => ({ status: 0 }));
  return status !== 401 && status !== 403;
}

/** The namespace of Kawa's actors in this store; undefined before the first start. */
export async function findNamespace(access: EngineAccess): Promise<string | undefined> {
  const response = await callEngine(access, "GET");
  if (!response.ok) throw await refusal(response, "list its namespaces");
  const { namespaces } = (await response.json()) as { namespaces: readonly { readonly name: string }[] };
  const names = namespaces.map(({ name }) => name);
  return names.find((name) => hiddenNamespace.test(name)) ?? names.find((name) => name === oldNamespace);
}

export async function createNamespace(access: EngineAccess): Promise<string> {
  const name = createNamespaceName();
  const response = await callEngine(access, "POST", { name, display_name: oldNamespace });
  if (!response.ok) throw await refusal(response, "make a namespace");
  return name;
}

function callEngine({ port, adminToken }: { port: number; adminToken: string | undefined }, method: string, body?: object): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/namespaces`, {
    method,
    headers: {
      "content-type": "application/json",
      ...(adminToken === undefined ? {} : { authorization: `Bearer ${adminToken}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(requestTimeoutMs),
  });
}

async function refusal(response: Response, what: string): Promise<KawaError> {
  const body = await response.text();
  return new KawaError("BACKEND_UNAVAILABLE", `The engine refused to ${what}: ${response.status} ${body.slice(0, 200)}`);
}
