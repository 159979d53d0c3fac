import { join } from "node:path";
import { describe, expect, it, type TestContext } from "vitest";
import { databaseTuning } from "../../src/rivetkit/host/tune-databases.ts";
import { makeDataDir } from "./support/app.ts";
import type { DatabaseOperations } from "./support/database-process.ts";
import { Script } from "./support/script.ts";

// A database that outgrows RivetKit's own cache has 200 MB. Here the caches are much smaller, and the pages are kept for a shorter time.
const scale = 50;
const rivetKit = { pages: 50_000, keptMs: 30_000 };
const rounds = 40;
const setting = "RIVETKIT_SQLITE_OPT_";

async function staleReads(context: TestContext, keptMs: number): Promise<number> {
  const dataDir = await makeDataDir(context);
  const script = new Script<DatabaseOperations>(join(import.meta.dirname, "support/database-process.ts"), {
    dataDir,
    env: {
      [`${setting}VFS_PAGE_CACHE_CAPACITY_PAGES`]: String(rivetKit.pages / scale),
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
    expect(await staleReads(context, Number(databaseTuning.VFS_STAGING_CACHE_TTL_MS) / scale)).toBe(0);
  });

  it("reads what was there before, with RivetKit's own: without that, Kawa's settings can go", async (context) => {
    expect(await staleReads(context, rivetKit.keptMs)).toBeGreaterThan(0);
  });
});
