import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const sources = join(import.meta.dirname, "../src");
/** Addresses of the engine's API, its settings, and the words of its answers. */
const words =
  /RIVET__[A-Z]|[`"]\/(envoys|actors|namespaces|runner-configs|datacenters|metadata)\b|x-rivet-|rivet_token|[a-z]+_(ts|lifespan)\b/;

it("keeps what knows the engine's addresses, settings and words in one folder", () => {
  const files = globSync("**/*.{ts,tsx}", { cwd: sources }).filter((path) => !/\.test\./.test(path));
  const knowing = files.filter((path) => words.test(readFileSync(join(sources, path), "utf8")));
  expect(knowing.length).toBeGreaterThan(5);
  expect(knowing.filter((path) => !path.startsWith("rivetkit/engine/"))).toEqual([]);
});
