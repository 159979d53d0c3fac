import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { filesOf } from "../support/files-of.ts";
import { makeTempFolder } from "../support/temp-folder.ts";

const root = join(import.meta.dirname, "../../../..");

it("ends with a test that passes, in the clean app that the recipe begins with", () => {
  const { path: folder, remove } = makeTempFolder();
  onTestFinished(remove);
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  cpSync(join(root, "scripts/eject-demo/clean-app"), folder, { recursive: true });
  for (const name of ["vitest.config.ts", "tsconfig.json", "package.json"])
    cpSync(join(root, name), join(folder, name));
  for (const [file, code] of filesOf(readFileSync(join(root, "docs/recipe.md"), "utf8"))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), code);
  }
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, "run", "--project", "app"], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", VITEST: undefined, VITEST_POOL_ID: undefined, VITEST_WORKER_ID: undefined },
  });
  expect({ status, stdout, stderr }).toMatchObject({ status: 0, stdout: expect.stringContaining("1 passed") });
});
