import type * as Files from "node:fs";
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { takeLock } from "./folder-lock.ts";
import { markOf } from "./process-mark.ts";

/** Called before each thing that a starter does with a file. */
const steps = vi.hoisted(() => ({ before: (): void => {} }));

vi.mock("node:fs", async (importOriginal) => {
  const real = await importOriginal<typeof Files>();
  const names = [
    "writeFileSync",
    "readFileSync",
    "rmSync",
    "statSync",
    "renameSync",
    "linkSync",
    "utimesSync",
  ] as const;
  const stepped = names.map((name) => [
    name,
    (...args: never[]) => {
      steps.before();
      return (real[name] as (...given: never[]) => unknown)(...args);
    },
  ]);
  return { ...real, ...Object.fromEntries(stepped) };
});

let parent: string;
let path: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "kawa-lock-"));
  path = join(parent, "engine.lock");
});

afterEach(() => {
  steps.before = () => {};
  rmSync(parent, { recursive: true, force: true });
});

const dead = JSON.stringify({ ...markOf(process.pid), startedAt: "before", id: "a" });

function leaveOld(file: string, text: string): void {
  writeFileSync(file, text);
  const at = new Date(Date.now() - 60_000);
  utimesSync(file, at, at);
}

/** As {@link locked} does. */
function tries(count: number): number {
  let taken = 0;
  for (let attempt = 0; attempt < count; attempt += 1) if (takeLock(path)) taken += 1;
  return taken;
}

/** How often the lock is taken when a second starter comes before the step `at` of the first; undefined where the first has no such step. */
function takenWithSecondAt(at: number): number | undefined {
  let step = -1;
  let bySecond: number | undefined;
  steps.before = () => {
    step += 1;
    if (step !== at) return;
    steps.before = () => {};
    bySecond = tries(3);
  };
  const byFirst = tries(3);
  steps.before = () => {};
  return bySecond === undefined ? undefined : byFirst + bySecond;
}

describe.each([
  ["of a process that has ended", [dead]],
  ["of nobody, as a full disk leaves it", [""]],
  ["that another one was about to delete when it ended", [dead, dead]],
])("a stale lock %s", (_, [text, second]) => {
  const leave = (): void => {
    for (const name of readdirSync(parent)) rmSync(join(parent, name));
    leaveOld(path, text!);
    if (second !== undefined) leaveWhatAnInterruptedStarterLeaves();
  };

  it("is one starter's, whenever a second one comes", () => {
    let count = 0;
    for (; ; count += 1) {
      leave();
      const taken = takenWithSecondAt(count);
      if (taken === undefined) break;
      expect(taken, `a second starter before step ${count}`).toBe(1);
    }
    expect(count).toBeGreaterThan(5);
  });

  it("leaves no file behind but itself", () => {
    leave();
    expect(tries(4)).toBe(1);
    expect(readdirSync(parent)).toEqual(["engine.lock"]);
  });
});

/** One that ends at the moment at which it deletes the stale lock. */
function leaveWhatAnInterruptedStarterLeaves(): void {
  let isEnded = false;
  const made: string[] = [];
  steps.before = () => {
    made.push(...readdirSync(parent).filter((name) => name !== "engine.lock" && !made.includes(name)));
    if (made.length === 0 || isEnded) return;
    isEnded = true;
    throw new Error("ended");
  };
  try {
    takeLock(path);
  } catch {
    // It has ended.
  }
  steps.before = () => {};
  for (const name of readdirSync(parent)) leaveOld(join(parent, name), dead);
}
