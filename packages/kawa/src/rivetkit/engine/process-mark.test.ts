import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it, onTestFinished } from "vitest";
import { markOf, stateOf } from "./process-mark.ts";

async function startChild(): Promise<{ pid: number; end: () => Promise<unknown> }> {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child, "spawn");
  const end = (): Promise<unknown> => {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    return ended;
  };
  return { pid: child.pid!, end };
}

describe.skipIf(process.platform === "win32")("stateOf", () => {
  it("knows this process, another one that lives, and one that has ended", async () => {
    const { pid, end } = await startChild();
    const mark = markOf(pid);
    expect([stateOf(markOf(process.pid)), stateOf(mark)]).toEqual(["own", "alive"]);
    await end();
    expect(stateOf(mark)).toBe("gone");
  });

  it("is not deceived by a process that was given the number of another one", async () => {
    const { pid } = await startChild();
    expect(stateOf({ ...markOf(pid), startedAt: "another time" })).toBe("gone");
    expect(stateOf({ ...markOf(process.pid), startedAt: "another time" })).toBe("gone");
  });

  it("takes its own number without a time for one of an earlier life, and another one for unknown", async () => {
    const { pid } = await startChild();
    expect(stateOf({ pid: process.pid })).toBe("gone");
    expect(stateOf({ pid })).toBe("unknown");
  });
});

describe.runIf(process.platform === "linux")("stateOf on Linux", () => {
  const mark = markOf(process.pid);

  it("cannot look up numbers of another container", () => {
    expect(stateOf({ ...mark, space: { boot: mark.space!.boot, pids: "pid:[1]" } })).toBe("elsewhere");
  });

  it("knows that everything before the machine started is gone", () => {
    expect(stateOf({ ...mark, space: { boot: "another", pids: mark.space!.pids } })).toBe("gone");
  });

  it("counts a process that has ended, but that nobody has waited for, as gone", async () => {
    // The shell waits for none of its children.
    const shell = spawn("/bin/sh", ["-c", "sleep 0 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
    onTestFinished(() => void shell.kill("SIGKILL"));
    const [data] = (await once(shell.stdout!, "data")) as [Buffer];
    const { startedAt: _, ...zombie } = markOf(Number(String(data)));
    await expect.poll(() => stateOf(zombie), { timeout: 10_000 }).toBe("gone");
  });
});
