import { accessSync, constants, existsSync } from "node:fs";
import { dirname } from "node:path";
import { isKawaError } from "../core/errors/errors.ts";
import { engineBinary } from "../rivetkit/engine/binary.ts";
import { env } from "../rivetkit/settings/env.ts";
import type { Finding } from "./doctor.ts";

const secretLine = "KAWA_SECRET=<what this prints: openssl rand -hex 32>";

/** The engine, its folder, and the secret, whose value is never printed. */
export function checkEngine(): Finding[] {
  if (env.endpoint === undefined) return [checkBinary(), checkFolder(), checkSecret()];
  return [{ state: "right", text: "The engine runs elsewhere (RIVET_ENDPOINT)" }, checkSecret()];
}

function checkBinary(): Finding {
  try {
    engineBinary();
    return { state: "right", text: "The engine is installed" };
  } catch (error) {
    if (!isKawaError(error)) throw error;
    return { state: "wrong", text: error.message };
  }
}

function checkFolder(): Finding {
  const { dataDir } = env;
  let at = dataDir;
  while (!existsSync(at)) at = dirname(at);
  try {
    accessSync(at, constants.W_OK | constants.X_OK);
    return { state: "right", text: `Values are in ${dataDir}` };
  } catch {
    return {
      state: "wrong",
      text: `Values go into ${dataDir}, and ${at} cannot be written (ENGINE_FOLDER_UNWRITABLE)`,
      line: `chown "$USER" "${at}"\nor KAWA_DATA_DIR=/a/folder/that/you/may/write`,
    };
  }
}

function checkSecret(): Finding {
  const { secret, endpoint } = env;
  if (secret === undefined && endpoint !== undefined)
    return { state: "wrong", text: "Servers share an engine and no secret (SECRET_MISSING)", line: secretLine };
  if (secret !== undefined && secret.length < 32)
    return { state: "hint", text: "KAWA_SECRET is shorter than 32 characters", line: secretLine };
  return {
    state: "right",
    text: secret === undefined ? "The secret is made with the folder of the engine" : "KAWA_SECRET is set",
  };
}
