import { readFileSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import { isNextBuild } from "../../core/work/next-work.ts";

/** The only reader of the environment in `rivetkit`. Read at use, never at import. */
export const env = {
  /** All of it, for child processes that inherit it, and to change what other code reads of it. */
  get all(): NodeJS.ProcessEnv {
    return process.env;
  },
  /** What an engine of this machine inherits: settings of the user (`RIVET__…`), and what every program needs. */
  get forEngine(): NodeJS.ProcessEnv {
    const entries = Object.entries(process.env).filter(
      ([name]) => name.startsWith("RIVET__") || ["PATH", "HOME", "TMPDIR", "SYSTEMROOT"].includes(name),
    );
    return { NODE_ENV: process.env.NODE_ENV, ...Object.fromEntries(entries) };
  },
  /** Path of an engine that the user has built. */
  get engineBinary(): string | undefined {
    return process.env.RIVET_ENGINE_BINARY || undefined;
  },
  /** URL of a Rivet Engine; without it the engine runs embedded. */
  get endpoint(): string | undefined {
    return process.env.RIVET_ENDPOINT || undefined;
  },
  /** Namespace on that engine, token for it, and the pool of the actors: RivetKit's own names for them. */
  get namespace(): string | undefined {
    return process.env.RIVET_NAMESPACE || undefined;
  },
  get token(): string | undefined {
    return process.env.RIVET_TOKEN || undefined;
  },
  get pool(): string | undefined {
    return process.env.RIVET_POOL || undefined;
  },
  /** Version of the code of this server, unchecked: RivetKit's own name for it. */
  get version(): string | undefined {
    return process.env.RIVET_ENVOY_VERSION || undefined;
  },
  /** The same as `next build` has written it into the code: when that was, in seconds. */
  get builtVersion(): string | undefined {
    return process.env.KAWA_BUILD || undefined;
  },
  /** Where the actors live, unchecked. */
  get hosting(): string | undefined {
    return process.env.KAWA_HOSTING || undefined;
  },
  /** Address of this app for the engine that calls it. */
  get url(): string | undefined {
    return process.env.KAWA_URL || undefined;
  },
  get secret(): string | undefined {
    // A secret that comes from a file ends with a line break.
    return process.env.KAWA_SECRET?.trim() || undefined;
  },
  /** Earlier secrets of the app, separated by commas. Tokens that were made with them are still valid. */
  get previousSecrets(): readonly string[] {
    return (process.env.KAWA_SECRET_PREVIOUS ?? "")
      .split(",")
      .map((secret) => secret.trim())
      .filter((secret) => secret !== "");
  },
  /** Folder of the embedded engine. */
  get dataDir(): string {
    return resolve(
      /*turbopackIgnore: true*/ process.env.KAWA_DATA_DIR || join(/*turbopackIgnore: true*/ appFolder(), ".rivet"),
    );
  },
  /** The folder that a server of `output: "standalone"` was deployed to, where that also has its data: what the next deployment replaces. */
  get deployedDataDir(): string | undefined {
    const isDeployed = process.env.__NEXT_PRIVATE_STANDALONE_CONFIG !== undefined && appFolder() === process.cwd();
    return isDeployed && !process.env.KAWA_DATA_DIR ? this.dataDir : undefined;
  },
  /** Where the process was started: the folder of the app, or of its standalone server. */
  get workingFolder(): string {
    return process.cwd();
  },
  /** Read by RivetKit's native part when it is loaded. */
  get rivetLogLevel(): string | undefined {
    return process.env.RIVET_LOG_LEVEL || undefined;
  },
  set rivetLogLevel(filter: string) {
    process.env.RIVET_LOG_LEVEL = filter;
  },
  /** Settings of RivetKit for the databases of actors, by the end of their names. Those that the user has set stay. Read as the log level is. */
  tuneDatabases(settings: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(settings)) process.env[`RIVETKIT_SQLITE_OPT_${name}`] ||= value;
  },
  get isDevelopment(): boolean {
    return process.env.NODE_ENV === "development";
  },
  /** `next build` evaluates route modules; nothing may start there. */
  get isBuild(): boolean {
    return isNextBuild();
  },
  /** No process of Vercel or AWS Lambda lives long enough to host actors. */
  get isServerlessPlatform(): boolean {
    return process.env.VERCEL === "1" || Boolean(process.env.AWS_LAMBDA_FUNCTION_NAME);
  },
};

/**
 * The folder of the app. The server of `output: "standalone"` works inside of what `next build` makes, and the next build deletes
 * that: while it is still in its place, the app is where it was built.
 */
function appFolder(): string {
  const folder = process.cwd();
  const [build] = /^.+(?=[\\/]standalone([\\/]|$))/.exec(folder) ?? [];
  if (build === undefined) return folder;
  try {
    const text = readFileSync(join(/*turbopackIgnore: true*/ build, "required-server-files.json"), "utf8");
    const { appDir } = JSON.parse(text) as { appDir?: unknown };
    return typeof appDir === "string" && build.startsWith(appDir + sep) ? appDir : folder;
  } catch {
    return folder;
  }
}
