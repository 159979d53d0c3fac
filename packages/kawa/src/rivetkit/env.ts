import { resolve } from "node:path";

/** The only reader of the environment in this folder. Read at use, never at import. */
export const env = {
  /** URL of a Rivet Engine; without it the engine runs embedded. */
  get endpoint(): string | undefined {
    return process.env.RIVET_ENDPOINT || undefined;
  },
  get secret(): string | undefined {
    // As a file has it, it ends with the end of a line.
    return process.env.KAWA_SECRET?.trim() || undefined;
  },
  /** Secrets that were the app's before, separated by commas: what was made with them is still good. */
  get previousSecrets(): readonly string[] {
    return (process.env.KAWA_SECRET_PREVIOUS ?? "").split(",").map((secret) => secret.trim()).filter((secret) => secret !== "");
  },
  /** Folder of the embedded engine. */
  get dataDir(): string {
    return resolve(/*turbopackIgnore: true*/ process.env.KAWA_DATA_DIR || ".rivet");
  },
  /** Read by RivetKit's native part when it is loaded. */
  get rivetLogLevel(): string | undefined {
    return process.env.RIVET_LOG_LEVEL || undefined;
  },
  set rivetLogLevel(filter: string) {
    process.env.RIVET_LOG_LEVEL = filter;
  },
  get isDevelopment(): boolean {
    return process.env.NODE_ENV === "development";
  },
  /** `next build` evaluates route modules; nothing may start there. */
  get isBuild(): boolean {
    return process.env.NEXT_PHASE === "phase-production-build";
  },
  /** On Vercel no process lives long enough to host actors; the engine calls the mounted route. */
  get isServerless(): boolean {
    return process.env.VERCEL === "1";
  },
};
