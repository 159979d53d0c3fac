import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { isAlive, isEngineProcess, signalProcess, waitUntil } from "./processes.ts";

async function startChild(): Promise<{ pid: number; exited: Promise<unknown> }> {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  await once(child, "spawn");
  const exited = once(child, "exit");
  onTestFinished(() => void child.kill("SIGKILL"));
  return { pid: child.pid!, exited };
}

describe("isAlive", () => {
  it("is true for a running process and false once it has ended", async () => {
    const { pid, exited } = await startChild();
    expect(isAlive(pid)).toBe(true);
    signalProcess(pid, "SIGKILL");
    await exited;
    expect(isAlive(pid)).toBe(false);
  });

  it.each([0, -1, -process.pid])("is false for %d, which would mean a process group", (pid) => {
    expect(isAlive(pid)).toBe(false);
  });

  it("is true for a process of another user", () => {
    vi.spyOn(process, "kill").mockImplementation(() => {
      throw Object.assign(new Error("not permitted"), { code: "EPERM" });
    });
    onTestFinished(() => void vi.restoreAllMocks());
    expect(isAlive(1)).toBe(true);
  });
});

it.each([0, -1])("a signal to %d reaches no process group", (pid) => {
  const kill = vi.spyOn(process, "kill").mockImplementation(() => true);
  onTestFinished(() => void vi.restoreAllMocks());
  signalProcess(pid, "SIGKILL");
  expect(kill).not.toHaveBeenCalled();
});

describe("isEngineProcess", () => {
  it("is false for a process that only got the number of an engine", async () => {
    const { pid } = await startChild();
    expect(isEngineProcess(pid)).toBe(false);
  });

  it("is false for a process that has ended", async () => {
    const { pid, exited } = await startChild();
    signalProcess(pid, "SIGKILL");
    await exited;
    expect(isEngineProcess(pid)).toBe(false);
  });
});

describe("signalProcess", () => {
  it("ends a process, and does nothing when it has gone", async () => {
    const { pid, exited } = await startChild();
    signalProcess(pid, "SIGTERM");
    expect(await exited).toEqual([null, "SIGTERM"]);
    expect(() => signalProcess(pid, "SIGTERM")).not.toThrow();
  });
});

describe("waitUntil", () => {
  it("is true as soon as the condition holds", async () => {
    let asked = 0;
    expect(await waitUntil(() => (asked += 1) === 3, 10_000)).toBe(true);
    expect(asked).toBe(3);
  });

  it("asks at least once, and is false when the time is over", async () => {
    const condition = vi.fn<() => Promise<boolean>>(async () => false);
    expect(await waitUntil(condition, 0)).toBe(false);
    expect(condition).toHaveBeenCalledTimes(1);
  });
});
