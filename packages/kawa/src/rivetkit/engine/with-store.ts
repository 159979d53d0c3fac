import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { EngineFolder } from "./folder.ts";
import { engineBinary } from "./binary.ts";
import { toolEnvironment } from "./settings.ts";

/** To open the store takes 0.3 s of a processor, and 15 s on a machine with 20 programs for each processor. */
const timeoutMs = 20_000;

/** Runs commands of the engine's store tool, and returns what they have printed. */
export type AskStore = (commands: readonly string[]) => Promise<string>;

/** Longest wait for the lock of the store: an engine whose app was killed ends a little later. */
const lockTimeoutMs = 4_000;

/**
 * Looks into the store while no engine runs. One process runs all commands, for opening the store takes much longer than they do.
 * Rejects when the store cannot be opened, or when `work` takes longer than {@link timeoutMs}.
 */
export async function withStore<T>(folder: EngineFolder, work: (ask: AskStore) => Promise<T>): Promise<T> {
  const end = performance.now() + lockTimeoutMs;
  for (;;) {
    try {
      return await openOnce(folder, work);
    } catch (error) {
      if (!(error as Error).message.includes("LOCK") || performance.now() > end) throw error;
      await sleep(100);
    }
  }
}

async function openOnce<T>(folder: EngineFolder, work: (ask: AskStore) => Promise<T>): Promise<T> {
  const tool = spawn(engineBinary(), ["udb"], {
    env: toolEnvironment(folder.dataPath),
    stdio: ["pipe", "pipe", "pipe"],
    windowsHide: true,
  });
  const exited = new Promise<void>((resolve) => tool.once("close", () => resolve()).once("error", () => resolve()));
  let complaint = "";
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    tool.kill("SIGKILL");
  }, timeoutMs);
  const lost = exited.then((): never => {
    throw new Error(
      `The store of ${folder.path} could not be opened${isLate ? ` within ${timeoutMs} ms` : ""}. ${complaint.slice(0, 500)}`.trim(),
    );
  });
  lost.catch(() => {});
  tool.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  tool.stdin.on("error", () => {});
  let printed = "";
  let look = (): void => {};
  tool.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    look();
  });
  let asked = 0;
  const ask: AskStore = (commands) => {
    // The tool names a command that it does not know: that ends an answer.
    const end = `end-${(asked += 1)}`;
    const answer = new Promise<string>((resolve) => {
      look = () => {
        const at = printed.indexOf(`'${end}'`);
        if (at < 0) return;
        resolve(printed.slice(0, at));
        printed = printed.slice(at);
      };
    });
    tool.stdin.write([...commands, end, ""].join("\n"));
    return Promise.race([answer, lost]);
  };
  try {
    return await work(ask);
  } finally {
    clearTimeout(timer);
    // What the tool has answered is stored. A regular end would write all commands to a file in /tmp.
    tool.kill("SIGKILL");
    await exited;
  }
}
