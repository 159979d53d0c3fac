import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of this test's own, and how to delete it. */
export function makeTempFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "kawa-unit-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
