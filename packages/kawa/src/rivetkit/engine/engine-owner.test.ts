import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { isEngineAlive, mayTakeOver, ownerOf, recordOf } from "./engine-owner.ts";
import type { EngineRecord } from "./folder.ts";
import { markOf } from "./process-mark.ts";

/** A process that looks like an engine. */
async function startEngine(): Promise<{ pid: number; end: () => Promise<unknown> }> {
  const parent = mkdtempSync(join(tmpdir(), "kawa-owner-"));
  const path = join(parent, "rivet-engine");
  writeFileSync(path, "#!/bin/sh\nread -r _\n");
  chmodSync(path, 0o755);
  const child = spawn(path, { stdio: ["pipe", "ignore", "ignore"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
    rmSync(parent, { recursive: true, force: true });
  });
  await once(child, "spawn");
  // Until then the process is still one of Node's.
  await expect.poll(() => isEngineAlive({ pid: child.pid!, port: 1, ownerPid: 1 }), { timeout: 10_000 }).toBe(true);
  return { pid: child.pid!, end: () => (child.kill("SIGKILL"), once(child, "exit")) };
}

const port = 20_000;
const other = { ...markOf(process.ppid), thread: 0 };

describe.skipIf(process.platform === "win32")("ownerOf", () => {
  const record = recordOf(process.pid, port);
  const by = (owner: EngineRecord["owner"]): EngineRecord => ({
    ...record,
    ownerPid: owner!.pid,
    ...(owner ? { owner } : {}),
  });

  it("tells this thread, another thread, another process, and one that is gone", () => {
    expect(ownerOf(record)).toBe("this thread");
    expect(ownerOf(by({ ...record.owner!, thread: record.owner!.thread + 1 }))).toBe("thread");
    expect(ownerOf(by(other))).toBe("process");
    expect(ownerOf(by({ ...other, startedAt: "before" }))).toBe("gone");
    expect(ownerOf(by({ ...record.owner!, startedAt: "before" }))).toBe("gone");
    expect(ownerOf({ ...record, pid: 0 })).toBe("gone");
  });

  it("does not know who an older version wrote down by number, unless it is our own", () => {
    expect(ownerOf({ pid: 1, port, ownerPid: process.ppid })).toBe("unknown");
    expect(ownerOf({ pid: 1, port, ownerPid: process.pid })).toBe("gone");
  });
});

describe.skipIf(process.platform === "win32")("isEngineAlive", () => {
  it("is true for the engine that was written down, while it lives", async () => {
    const { pid, end } = await startEngine();
    const record = recordOf(pid, port);
    expect(isEngineAlive(record)).toBe(true);
    await end();
    expect(isEngineAlive(record)).toBe(false);
  });

  it("is false for the engine of another app that got its number", async () => {
    const { pid } = await startEngine();
    expect(isEngineAlive({ ...recordOf(pid, port), engine: { ...markOf(pid), startedAt: "before" } })).toBe(false);
  });

  it.runIf(process.platform === "linux")(
    "is false for a number of another container, whatever has it here",
    async () => {
      const { pid } = await startEngine();
      const mark = markOf(pid);
      const engine = { ...mark, space: { boot: mark.space!.boot, pids: "pid:[1]" } };
      expect(isEngineAlive({ ...recordOf(pid, port), engine })).toBe(false);
    },
  );

  it("is false when none was started", () => {
    expect([0, -1].map((pid) => isEngineAlive(recordOf(pid, port)))).toEqual([false, false]);
  });
});

// Tests run in a main thread or in another one, as the runner likes.
describe("mayTakeOver", () => {
  it("leaves alone the engine of another thread of this process, however long it is gone", () => {
    const record = recordOf(process.pid, port);
    const ofThread = { ...record, owner: { ...record.owner!, thread: record.owner!.thread + 1 } };
    expect(mayTakeOver(ofThread, 60_000)).toBe(false);
  });

  it("takes over from a process that has ended, or has stopped it", () => {
    const gone = { ...recordOf(process.pid, port), owner: { ...other, startedAt: "before" } };
    for (const record of [gone, { ...gone, pid: 0 }, undefined]) expect(mayTakeOver(record, 60_000)).toBe(true);
  });

  it("lets a healthy engine be", () => {
    expect(mayTakeOver(undefined, Number.NEGATIVE_INFINITY)).toBe(false);
  });
});
