import { mkdtempSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { EngineFolder } from "./folder.ts";
import { locked, takeLock } from "./folder-lock.ts";
import { markOf } from "./process-mark.ts";

let parent: string;
let path: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "kawa-lock-"));
  path = join(parent, "engine.lock");
});

afterEach(() => rmSync(parent, { recursive: true, force: true }));

/** A lock with this text, last touched so long ago. */
function leave(text: string, ageMs = 0): void {
  writeFileSync(path, text);
  const at = new Date(Date.now() - ageMs);
  utimesSync(path, at, at);
}

/** Who finds a lock that is left over takes it at the next try. */
const canTake = (): boolean => takeLock(path) !== undefined || takeLock(path) !== undefined;

describe("a lock", () => {
  it("is one's until it is given back", () => {
    const lock = takeLock(path)!;
    expect(canTake()).toBe(false);
    lock.release();
    expect(canTake()).toBe(true);
  });

  it("of another one is not given back by who lost it", () => {
    const first = takeLock(path)!;
    rmSync(path);
    takeLock(path);
    const text = readFileSync(path, "utf8");
    first.touch();
    first.release();
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  const living = { ...markOf(process.ppid) };
  const own = markOf(process.pid);

  it.skipIf(process.platform === "win32").each<[string, string, boolean]>([
    ["a program that got the number of who made it", JSON.stringify({ ...living, startedAt: "before" }), true],
    ["an earlier process with our own number", JSON.stringify({ ...own, startedAt: "before" }), true],
    ["a process that has ended", JSON.stringify({ ...living, pid: 2 ** 22 + 1 }), true],
    ["an older version with our own number", String(process.pid), true],
    ["a process that lives", JSON.stringify(living), false],
    ["another thread of this process", JSON.stringify(own), false],
    ["somebody who has not written it yet", "", false],
  ])("of %s", (_, text, isFree) => {
    leave(text);
    expect(canTake()).toBe(isFree);
  });

  it.skipIf(process.platform === "win32").each<[string, string, boolean]>([
    ["a process that lives keeps it", JSON.stringify(living), false],
    ["a thread that was ended loses it", JSON.stringify(own), true],
    ["an older version loses it", String(process.ppid), true],
    ["an interrupted start loses it", "", true],
  ])("that was not touched for long: %s", (_, text, isFree) => {
    leave(text, 60_000);
    expect(canTake()).toBe(isFree);
  });

  it.runIf(process.platform === "linux")("of another container is kept while it is touched", () => {
    const elsewhere = JSON.stringify({ ...living, space: { ...living.space, pids: "pid:[1]" } });
    leave(elsewhere);
    expect(canTake()).toBe(false);
    leave(elsewhere, 60_000);
    expect(canTake()).toBe(true);
  });

  it("that cannot be made is an error at once, with what to do", async () => {
    mkdirSync(path);
    expect(await caught(() => takeLock(path))).toMatchObject({
      code: "ENGINE_FOLDER_UNWRITABLE",
      message: expect.stringContaining(path),
    });
  });
});

describe.skipIf(process.platform === "win32")("waiting for a lock", () => {
  const living = JSON.stringify(markOf(process.ppid));
  let folder: EngineFolder;

  beforeEach(() => {
    folder = EngineFolder.open(join(parent, "rivet"));
    path = folder.lockPath;
    leave(living);
    vi.useFakeTimers({ toFake: ["performance"] });
  });

  afterEach(() => void vi.useRealTimers());

  /** Until the wait has looked at the lock again. */
  const pass = async (ms: number): Promise<void> => {
    await sleep(100);
    vi.advanceTimersByTime(ms);
    await sleep(100);
  };

  it("goes on as long as the holder is at work", async () => {
    const done = locked(folder, async () => "done");
    for (let age = 5; age > 0; age -= 1) {
      await pass(20_000);
      leave(living, age);
    }
    rmSync(path);
    expect(await done).toBe("done");
  });

  it("ends where the holder gives no sign of life, and says whose it is", async () => {
    const done = caught(() => locked(folder, async () => "done"));
    await pass(25_000);
    expect(await done).toMatchObject({
      code: "ENGINE_START_FAILED",
      message: expect.stringContaining(`End process ${process.ppid}`),
    });
  });
});
