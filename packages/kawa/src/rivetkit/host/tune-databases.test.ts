import { afterEach, expect, it, vi } from "vitest";
import { databaseTuning, tuneDatabases } from "./tune-databases.ts";

afterEach(() => void vi.unstubAllEnvs());

const settings = Object.entries(databaseTuning).map(([name, value]) => [`RIVETKIT_SQLITE_OPT_${name}`, value] as const);

it.each([undefined, ""])("tunes databases where %j is set", (given) => {
  for (const [name] of settings) vi.stubEnv(name, given);
  tuneDatabases();
  for (const [name, value] of settings) expect(process.env[name]).toBe(value);
});

it("leaves what the user has set", () => {
  for (const [name] of settings) vi.stubEnv(name, "1");
  tuneDatabases();
  for (const [name] of settings) expect(process.env[name]).toBe("1");
});

it("has room for more pages than an engine stores while they are kept", () => {
  const { VFS_PAGE_CACHE_CAPACITY_PAGES: pages, VFS_STAGING_CACHE_TTL_MS: keptMs } = databaseTuning;
  // 400 MB a second.
  expect(Number(pages) / (Number(keptMs) / 1_000)).toBeGreaterThanOrEqual(100_000);
});
