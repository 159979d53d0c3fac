import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadEnvFile } from "node:process";

/** As Next does for a server in production: what is set already stays, and the first file wins. */
export function loadEnvironment(folder: string): void {
  for (const name of [".env.production.local", ".env.local", ".env.production", ".env"]) {
    const path = join(folder, name);
    if (existsSync(path)) loadEnvFile(path);
  }
}
