import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { getFreePort, spawnProcess, stopProcess, waitUntil, type SpawnedProcess } from "../e2e/support/process.ts";
import { nextCommand } from "../e2e/support/server.ts";

export type BenchAppName = "bare-app" | "kawa-app" | "attacked-app" | "cached-app";

const buildTimeoutMs = 120_000;
const startTimeoutMs = 60_000;
const environment = {
  NODE_ENV: "production",
  NEXT_TELEMETRY_DISABLED: "1",
  FORCE_COLOR: undefined,
  NO_COLOR: "1",
} as const;

/** `next build`; its output is shown only when it fails. */
export function buildBenchApp(name: BenchAppName): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, [nextCommand, "build"], {
    cwd: join(import.meta.dirname, name),
    encoding: "utf8",
    timeout: buildTimeoutMs,
    env: { ...process.env, ...environment },
  });
  if (status !== 0) throw new Error(`"next build" of bench/${name} failed:\n${stdout}${stderr}`);
}

/**
 * Turbopack looks for `instrumentation.ts` and `middleware.ts` in parent folders too, where the starter's are. Kawa's
 * server part must not be in the baseline, and the middleware that is bundled must not be one that Next runs.
 */
export function checkIsBare(): void {
  const folder = join(import.meta.dirname, "bare-app/.next/server");
  const read = (path: string): string => readFileSync(join(folder, path), "utf8");
  // The middleware is bundled, and not run: see below.
  const middleware = read("middleware.js");
  const paths = globSync("**/*.js", { cwd: folder }).filter(
    (path) => path !== "middleware.js" && !middleware.includes(path),
  );
  const withKawa = paths.filter((path) => read(path).includes("KAWA_DATA_DIR"));
  if (withKawa.length > 0) throw new Error(`The build of bench/bare-app contains Kawa, in ${withKawa.join(", ")}.`);
  if (read("functions-config-manifest.json").includes("/_middleware")) {
    throw new Error("The build of bench/bare-app runs a middleware.");
  }
}

/** Under which id a built app knows a server action. */
export function actionId(name: BenchAppName, exportedName: string): string {
  const manifest = join(import.meta.dirname, name, ".next/server/server-reference-manifest.json");
  const { node } = JSON.parse(readFileSync(manifest, "utf8")) as { node: Record<string, { exportedName: string }> };
  const found = Object.keys(node).find((id) => node[id]!.exportedName === exportedName);
  if (found === undefined) throw new Error(`The build of bench/${name} has no action "${exportedName}".`);
  return found;
}

export type BenchAppOptions = {
  name: BenchAppName;
  /** Folder of the embedded engine. The bare app keeps nothing. */
  dataDir?: string;
  nodeArguments?: readonly string[];
  /** Added to its environment. */
  env?: Readonly<Record<string, string>>;
  /** What the app is started by, as `["taskset", "-c", "0"]` does. @default nothing */
  startedBy?: readonly string[];
  /** Score that the page has to show before the app counts as started. */
  expectedScore: number;
};

type Started = Pick<BenchApp, "url" | "startMs"> & {
  readonly process: SpawnedProcess;
  readonly dataDir: string | undefined;
};

/** One of the apps under `next start`, on a free port of the loopback address. */
export class BenchApp {
  readonly url: string;
  /** From the spawn to the first page that shows the expected score. */
  readonly startMs: number;
  readonly #process: SpawnedProcess;
  readonly #dataDir: string | undefined;

  private constructor({ url, startMs, process, dataDir }: Started) {
    this.url = url;
    this.startMs = startMs;
    this.#process = process;
    this.#dataDir = dataDir;
  }

  static async start({
    name,
    dataDir,
    nodeArguments = [],
    env = {},
    startedBy = [],
    expectedScore,
  }: BenchAppOptions): Promise<BenchApp> {
    const port = await getFreePort();
    const url = `http://127.0.0.1:${port}`;
    const startedAt = performance.now();
    const node = [...nodeArguments, nextCommand, "start", "-H", "127.0.0.1", "-p", String(port)];
    const [command, ...args] = [...startedBy, process.execPath, ...node] as [string, ...string[]];
    const app = spawnProcess(command, args, {
      cwd: join(import.meta.dirname, name),
      // The simulated browsers each have an address of their own.
      env: {
        ...environment,
        ...(name === "kawa-app" && { KAWA_TRUSTED_PROXIES: "1" }),
        RIVET_ENDPOINT: undefined,
        ...(dataDir === undefined ? {} : { KAWA_DATA_DIR: dataDir }),
        ...env,
      },
    });
    try {
      await waitUntil(
        () => {
          if (!app.isRunning()) throw new Error("It ended while it started.");
          return showsScore(url, expectedScore);
        },
        { timeoutMs: startTimeoutMs, intervalMs: 5, what: `${url}/ to show ${expectedScore}` },
      );
    } catch (error) {
      await stopProcess(app);
      throw new Error(`bench/${name} did not start. ${(error as Error).message} Its log:\n${app.log()}`, {
        cause: error,
      });
    }
    return new BenchApp({ url, startMs: performance.now() - startedAt, process: app, dataDir });
  }

  async setScore(score: number): Promise<void> {
    const response = await fetch(`${this.url}/api/score`, { method: "POST", body: String(score) });
    if (!response.ok) throw new Error(`Writing the score failed with status ${response.status}:\n${this.log}`);
  }

  /** What it has printed. */
  get log(): string {
    return this.#process.log();
  }

  /** CPU time that the app's process has used, without its engine. */
  async cpuMs(): Promise<number> {
    return Number(await (await fetch(`${this.url}/api/cpu`)).text());
  }

  /** Bytes that it uses after garbage collection. It has to be started with `--expose-gc`. */
  async memory(): Promise<number> {
    return Number(await (await fetch(`${this.url}/api/memory`)).text());
  }

  /** SIGKILL of the app and its engine at once. */
  async kill(): Promise<void> {
    const { pid } = JSON.parse(readFileSync(join(this.#dataDir!, "engine.json"), "utf8")) as { pid: number };
    process.kill(pid, "SIGKILL");
    this.#process.child.kill("SIGKILL");
    await this.#process.exited;
  }

  async stop(): Promise<void> {
    await stopProcess(this.#process);
  }
}

async function showsScore(url: string, score: number): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(startTimeoutMs) });
    const html = await response.text();
    return response.status === 200 && html.includes(`<output id="score">${score}</output>`);
  } catch {
    return false;
  }
}
