import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "vitest";
import type { Operations } from "./app-process.ts";
import { killProcesses } from "./processes.ts";
import { Script, type ScriptOptions } from "./script.ts";

/** An app in a process of its own, as {@link startApp} forks it. */
export class App extends Script<Operations> {
  constructor(options: ScriptOptions) {
    super(join(import.meta.dirname, "app-process.ts"), options);
  }

  /** SIGKILL, as an out-of-memory kill does. Resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.endBy("SIGKILL");
  }

  /** Stops engine and runner, then ends the process. */
  async end(): Promise<void> {
    await this.call("stop");
    this.disconnect();
    await this.ended;
  }
}

/** Forks an app on a data folder. It starts the engine when it is first asked for something. */
export function startApp(options: ScriptOptions): App {
  return new App(options);
}

/** A data folder of this test's own. After the test everything that works on it is killed, and it is deleted. */
export async function makeDataDir({ onTestFinished }: Pick<TestContext, "onTestFinished">): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), "kawa-integration-"));
  onTestFinished(async () => {
    await killProcesses(dataDir);
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  });
  return dataDir;
}
