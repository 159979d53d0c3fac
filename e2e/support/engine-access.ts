import { readFile } from "node:fs/promises";
import { join } from "node:path";

export type EngineAccess = {
  readonly endpoint: string;
  readonly namespace: string;
  readonly token: string;
  readonly disableMetadataLookup: true;
};

/** What an app's own code is told of its embedded engine, read from the folder as the user of the app can. */
export async function engineAccess(dataDir: string): Promise<EngineAccess> {
  const { port } = JSON.parse(await readFile(join(dataDir, "engine.json"), "utf8")) as { port: number };
  const token = await readFile(join(dataDir, "admin-token"), "utf8");
  const endpoint = `http://127.0.0.1:${port}`;
  const response = await fetch(`${endpoint}/namespaces`, { headers: { authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`The engine answered ${response.status}: ${await response.text()}`);
  const { namespaces } = (await response.json()) as { namespaces: { name: string }[] };
  const namespace = namespaces.find(({ name }) => name.startsWith("kawa"))?.name;
  if (namespace === undefined) throw new Error(`The engine of ${dataDir} has no namespace of Kawa's.`);
  return { endpoint, namespace, token, disableMetadataLookup: true };
}

/** The same as one address, for RIVET_ENDPOINT. */
export function addressOf({ endpoint, namespace, token }: EngineAccess): string {
  return endpoint.replace("://", `://${namespace}:${token}@`);
}
