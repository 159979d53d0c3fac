import { EngineFolder } from "./folder.ts";
import { env } from "../settings/env.ts";
import { hostingOf } from "../settings/hosting.ts";
import { isSecretShared, shareSecret } from "../secret/shared-secret.ts";

/**
 * Makes sure of the secret of this app where the host may not have started yet, such as in the middleware. It starts nothing.
 *
 * @throws {KawaError} ENGINE_FOLDER_UNWRITABLE - the folder that keeps the secret cannot be made or written
 */
export function ensureSecret(): void {
  // Where the engine runs elsewhere, the environment has the secret. Where it is missing, signing says so.
  if (isSecretShared() || env.secret || env.endpoint || hostingOf(undefined) !== "runner") return;
  shareSecretOf(EngineFolder.open(env.dataDir));
}

/** Shares the secret of an app whose engine is embedded: that of the environment, else that of the folder. */
export function shareSecretOf(folder: EngineFolder): void {
  shareSecret(env.secret ?? folder.secret(), [...env.previousSecrets, ...folder.previousSecrets()]);
}
