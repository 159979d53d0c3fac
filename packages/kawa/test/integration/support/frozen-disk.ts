import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { killProcesses } from "./processes.ts";

const imageBytes = 128 * 1024 * 1024;
const maxAttempts = 10;

const run = (program: string, ...args: string[]): void => void execFileSync(program, args, { stdio: "pipe" });

/** Undefined where this user may mount a file as a disk, which takes root on Linux. */
export const reasonForNoFrozenDisk: string | undefined = tryMount();

function tryMount(): string | undefined {
  let unmount = (): void => {};
  try {
    const { path, end } = mount();
    unmount = end;
    run("chattr", "+i", path);
    run("chattr", "-i", path);
    return undefined;
  } catch (error) {
    return `a disk cannot be made read-only here: ${(error as Error).message.split("\n").at(-1)}`;
  } finally {
    unmount();
  }
}

function mount(): { path: string; end: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "kawa-frozen-"));
  const [image, path] = [join(folder, "image"), join(folder, "disk")];
  mkdirSync(path);
  try {
    run("truncate", `--size=${imageBytes}`, image);
    run("mkfs.ext4", "-q", "-F", image);
    run("mount", "-o", "loop", image, path);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  const end = (): void => {
    run("umount", "-l", path);
    rmSync(folder, { recursive: true, force: true });
  };
  return { path, end };
}

/**
 * A disk of its own for a test, which can refuse every write, also to files that are open. The system refuses to remount such a disk
 * read-only; here its files are made immutable instead, so what writes is told `EPERM` and not `EROFS`.
 */
export class FrozenDisk {
  readonly dataDir: string;

  constructor({ onTestFinished }: Pick<TestContext, "onTestFinished">) {
    const { path, end } = mount();
    this.dataDir = join(path, "data");
    mkdirSync(this.dataDir);
    onTestFinished(async () => {
      await killProcesses(path);
      this.thaw();
      end();
    });
  }

  freeze(): void {
    this.#change("+i");
  }

  thaw(): void {
    this.#change("-i");
  }

  /** Folders are changed before what is in them, so a file may be deleted meanwhile, and then there is none to change. */
  #change(attribute: string): void {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return run("chattr", "-R", attribute, this.dataDir);
      } catch (error) {
        if (attempt === maxAttempts) throw error;
      }
    }
  }
}
