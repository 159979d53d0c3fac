import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { engineBinary } from "./binary.ts";
import { createNamespaceName } from "./engine-api.ts";
import type { EngineFolder } from "./folder.ts";
import { toolEnvironment } from "./settings.ts";

/** Longest time for the tool, as in {@link withStore}. */
const timeoutMs = 20_000;
const byName = "/rivet/namespace/by_name";

/**
 * Gives a namespace that others know, as that of an older version or of the original of a copy, a name that cannot be guessed, while no
 * engine runs. Its values stay as they are, for the store knows them by the id of the namespace. Returns the name.
 */
export async function hideNamespace(folder: EngineFolder, knownName: string): Promise<string> {
  const name = createNamespaceName();
  const id = (await editStore(folder, `get ${byName}/${knownName}`)).trim();
  if (!/^[0-9a-z]+$/.test(id)) throw new Error(`The store has no namespace "${knownName}".`);
  // The index comes last: a process that is interrupted earlier finds the old name, and begins again.
  await editStore(folder, `set /rivet/namespace/data/${id}/name str:${name}`);
  await editStore(folder, `move ${byName}/${knownName} ${byName}/${name}`);
  return name;
}

async function editStore(folder: EngineFolder, command: string): Promise<string> {
  const options = { env: toolEnvironment(folder.dataPath), timeout: timeoutMs };
  const { stdout } = await promisify(execFile)(engineBinary(), ["udb", "-q", command], options);
  return stdout;
}
