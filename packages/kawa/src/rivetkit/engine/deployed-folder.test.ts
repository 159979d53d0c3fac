import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it, onTestFinished, vi } from "vitest";
import { makeTempFolder } from "../../../test/support/temp-folder.ts";
import { warnOfDeployedFolder } from "./deployed-folder.ts";

afterEach(() => vi.unstubAllEnvs());

/** What is said where a standalone server works in a folder of its own, with these settings. */
function saidWith(dataDir: string): { readonly folder: string; readonly said: string } {
  const { path: folder, remove } = makeTempFolder();
  const cwd = vi.spyOn(process, "cwd").mockReturnValue(folder);
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  onTestFinished(() => {
    for (const spy of [cwd, warn]) spy.mockRestore();
    remove();
  });
  vi.stubEnv("__NEXT_PRIVATE_STANDALONE_CONFIG", "{}");
  vi.stubEnv("KAWA_DATA_DIR", dataDir);
  mkdirSync(join(folder, ".rivet"));
  warnOfDeployedFolder();
  return { folder, said: warn.mock.calls.flat().join("\n") };
}

it("says that the next deployment replaces the values, and what to set", () => {
  const { folder, said } = saidWith("");
  expect(said).toContain(join(folder, ".rivet"));
  expect(said).toContain("Set KAWA_DATA_DIR");
});

it("says nothing where a folder was chosen", () => {
  expect(saidWith("/var/kawa").said).toBe("");
});
