import {
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { makeTempFolder } from "../../../test/support/temp-folder.ts";
import { watchPlace } from "./file-place.ts";

vi.mock("node:fs", { spy: true });

let folder: ReturnType<typeof makeTempFolder>;
let path: string;
let fd: number;
let isInPlace: () => boolean;

beforeEach(() => {
  vi.useFakeTimers();
  folder = makeTempFolder();
  mkdirSync(join(folder.path, "a"));
  symlinkSync(join(folder.path, "a"), join(folder.path, "link"));
  path = join(folder.path, "link/current");
  fd = openSync(path, "wx");
  isInPlace = watchPlace(fd, path);
  // The first one looks.
  isInPlace();
});

afterEach(() => {
  closeSync(fd);
  folder.remove();
  vi.useRealTimers();
});

it("is seen at once to have changed", () => {
  expect(isInPlace()).toBe(true);
  renameSync(path, `${path}-old`);
  expect(isInPlace()).toBe(false);
  writeFileSync(path, "another one");
  expect(isInPlace()).toBe(false);
  renameSync(`${path}-old`, path);
  expect(isInPlace()).toBe(true);
  unlinkSync(path);
  expect(isInPlace()).toBe(false);
});

it("is seen to have changed when another file takes its name, or a folder above another one", () => {
  writeFileSync(`${path}-new`, "");
  renameSync(`${path}-new`, path);
  expect(isInPlace()).toBe(false);

  const other = join(folder.path, "a/other");
  const otherFd = openSync(other, "wx");
  const isOtherInPlace = watchPlace(otherFd, other);
  expect(isOtherInPlace()).toBe(true);
  renameSync(join(folder.path, "a"), join(folder.path, "b"));
  expect(isOtherInPlace()).toBe(false);
  closeSync(otherFd);
});

it("is seen within a second where its path leads elsewhere, and stays so", () => {
  rmSync(join(folder.path, "link"));
  mkdirSync(join(folder.path, "b"));
  symlinkSync(join(folder.path, "b"), join(folder.path, "link"));
  writeFileSync(path, "another one");
  vi.advanceTimersByTime(1_000);
  expect([isInPlace(), isInPlace()]).toEqual([false, false]);
});

it.runIf(process.platform === "linux")("is asked for once a second, since that makes the next write slower", () => {
  for (const count of [0, 1]) {
    vi.mocked(statSync).mockClear();
    expect(Array.from({ length: 100 }, isInPlace)).toEqual(Array(100).fill(true));
    expect(statSync).toHaveBeenCalledTimes(count);
    vi.advanceTimersByTime(1_000);
  }
});
