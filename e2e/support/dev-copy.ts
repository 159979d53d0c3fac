import { copyFile, link, mkdir, mkdtemp, readdir, readlink, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appDir } from "./server.ts";

const leftOut = new Set([".git", ".next", ".rivet", "test-results", "playwright-report"]);

/**
 * Copies the app with its dependencies into a new folder, so that a test may edit it. Dependencies are hard links where
 * the file system allows that: Turbopack does not follow a `node_modules` that is a symbolic link out of its root.
 */
export async function copyApp(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), "kawa-dev-"));
  try {
    await copyTree(appDir, copy, { isLinked: false });
  } catch (error) {
    await rm(copy, { recursive: true, force: true });
    throw error;
  }
  return copy;
}

/** With `isLinked` the files are hard links where the file system allows that. */
export async function copyTree(from: string, to: string, { isLinked }: { isLinked: boolean }): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (leftOut.has(entry.name) && from === appDir) continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isSymbolicLink()) await symlink(await readlink(source), target);
    else if (entry.isDirectory())
      await copyTree(source, target, { isLinked: isLinked || entry.name === "node_modules" });
    else if (!entry.isFile()) continue;
    else if (isLinked) await link(source, target).catch(() => copyFile(source, target));
    else await copyFile(source, target);
  }
}
