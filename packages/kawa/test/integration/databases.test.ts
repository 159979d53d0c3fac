import { join } from "node:path";
import { describe, expect, it, type TestContext } from "vitest";
import { databaseTuning } from "../../src/rivetkit/host/tune-databases.ts";
import { makeDataDir } from "./support/app.ts";
import type { DatabaseOperations } from "./support/database-process.ts";
import { Script } from "./support/script.ts";

// A database that outgrows RivetKit's own cache has 200 MB. Here there is room for fewer pages.
const pages = 1_000;
const rivetKitKeptMs = 30_000;
const rounds = 40;
const setting = "RIVETKIT_SQLITE_OPT_";
const { VFS_PAGE_CACHE_CAPACITY_PAGES: kawaPages, VFS_STAGING_CACHE_TTL_MS: kawaKeptMs } = databaseTuning;

async function staleReads(context: TestContext, keptMs: number): Promise<number> {
  const dataDir = await makeDataDir(context);
  const script = new Script<DatabaseOperations>(join(import.meta.dirname, "support/database-process.ts"), {
    dataDir,
    env: {
      [`${setting}VFS_PAGE_CACHE_CAPACITY_PAGES`]: String(pages),
      [`${setting}VFS_STAGING_CACHE_TTL_MS`]: String(keptMs),
      [`${setting}PAGER_CACHE_SIZE_KIB`]: "8192",
    },
  });
  const stale = await script.call("staleReads", rounds);
  await script.call("stop");
  script.disconnect();
  await script.ended;
  return stale;
}

describe.concurrent("a database that outgrows its cache", () => {
  it("reads what was written, with Kawa's settings", async (context) => {
    // As many pages in the same time.
    const keptMs = (Number(kawaKeptMs) * pages) / Number(kawaPages);
    expect(await staleReads(context, keptMs)).toBe(0);
  });

  it("reads what was there before, with RivetKit's own: without that, Kawa's settings can go", async (context) => {
    expect(await staleReads(context, rivetKitKeptMs)).toBeGreaterThan(0);
  });
});
