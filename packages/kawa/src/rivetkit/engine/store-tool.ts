import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { engineBinary } from "./binary.ts";
import { createNamespaceName, oldNamespace } from "./engine-api.ts";
import type { EngineFolder } from "./folder.ts";
import { storeEnvironment } from "./settings.ts";

const timeoutMs = 5_000;
const byName = "/rivet/namespace/by_name";

/**
 * Tells the store that all earlier engines are gone. An engine shares the workflows of its actors with every engine that
 * it saw in the last 20 s, and honours the leases of a killed one for 30 s, although nobody else can open this store;
 * without this a restarted app sometimes waits that long for its first value.
 */
export async function forgetEarlierEngines(folder: EngineFolder): Promise<void> {
  try {
    await editStore(folder, "clear -r -y /rivet/gasoline/kv/worker");
  } catch {
    // Slower, but not wrong: the engine finds out by itself.
  }
}

/**
 * Gives the namespace of an older version a name that nobody can guess, while no engine runs. Its values stay as they are, for the
 * store knows them by the id of the namespace. Returns the name.
 */
export async function hideNamespace(folder: EngineFolder): Promise<string> {
  const name = createNamespaceName();
  const id = (await editStore(folder, `get ${byName}/${oldNamespace}`)).trim();
  if (!/^[0-9a-z]+$/.test(id)) throw new Error(`The store has no namespace "${oldNamespace}".`);
  // The index comes last: whoever is interrupted before it finds the old name, and begins again.
  await editStore(folder, `set /rivet/namespace/data/${id}/name str:${name}`);
  await editStore(folder, `move ${byName}/${oldNamespace} ${byName}/${name}`);
  return name;
}

async function editStore(folder: EngineFolder, command: string): Promise<string> {
  const options = { env: { ...storeEnvironment(folder.dataPath), RUST_LOG: "error" }, timeout: timeoutMs };
  const { stdout } = await promisify(execFile)(engineBinary(), ["udb", "-q", command], options);
  return stdout;
}
