import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { killProcesses } from "./processes.ts";

/** Undefined where this user may mount nothing, which takes root on Linux. */
export const reasonForNoDisk: string | undefined = tryMount();

function tryMount(): string | undefined {
  const path = mkdtempSync(join(tmpdir(), "kawa-mount-"));
  try {
    mount(path, 1);
    execFileSync("umount", [path], { stdio: "pipe" });
    return undefined;
  } catch (error) {
    return `a small disk cannot be mounted here: ${(error as Error).message.split("\n").at(-1)}`;
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

function mount(path: string, sizeMiB: number): void {
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${sizeMiB}m`, "kawa-test", path], { stdio: "pipe" });
}

/** A disk of its own for a test, which ends with it. */
export class SmallDisk {
  readonly path: string;

  constructor({ onTestFinished }: Pick<TestContext, "onTestFinished">, sizeMiB: number) {
    this.path = mkdtempSync(join(tmpdir(), "kawa-disk-"));
    mount(this.path, sizeMiB);
    onTestFinished(async () => {
      await killProcesses(this.path);
      execFileSync("umount", ["-l", this.path], { stdio: "pipe" });
      rmSync(this.path, { recursive: true, force: true });
    });
  }

  /** Leaves no byte. */
  fill(): void {
    for (let blocks = this.#freeBlocks(); blocks > 0; blocks = this.#freeBlocks()) {
      try {
        writeFileSync(join(this.path, "filler"), Buffer.alloc(blocks * statfsSync(this.path).bsize), { flag: "a" });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      }
    }
  }

  free(): void {
    rmSync(join(this.path, "filler"));
  }

  remount(mode: "ro" | "rw"): void {
    execFileSync("mount", ["-o", `remount,${mode}`, this.path], { stdio: "pipe" });
  }

  #freeBlocks(): number {
    return statfsSync(this.path).bfree;
  }
}
