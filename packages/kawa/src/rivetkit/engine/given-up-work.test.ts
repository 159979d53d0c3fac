import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { makeTempFolder } from "../../../test/support/temp-folder.ts";
import { hasGivenUpWork } from "./given-up-work.ts";

const start = 'ts=1 level=info message="starting rivet" version=2\n';
const error = 'ts=2 level=error message="unhandled workflow error" err="Udb(failed to commit workflow)"\n';

it("finds what the running engine has given up, and not what the one before it had", () => {
  const folder = makeTempFolder();
  onTestFinished(() => folder.remove());
  const path = join(folder.path, "engine.log");
  expect(hasGivenUpWork(path)).toBe(false);
  writeFileSync(path, start + error);
  expect(hasGivenUpWork(path)).toBe(true);
  writeFileSync(path, start + error + start);
  expect(hasGivenUpWork(path)).toBe(false);
  writeFileSync(path, start + error + "x".repeat(300_000));
  expect(hasGivenUpWork(path)).toBe(false);
  writeFileSync(path, "x".repeat(300_000) + error);
  expect(hasGivenUpWork(path)).toBe(true);
});
