import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EmbeddedEngine } from "../packages/kawa/src/rivetkit/engine/embedded-engine.ts";
import { EngineFolder } from "../packages/kawa/src/rivetkit/engine/folder.ts";
import { expect, test } from "./fixtures.ts";
import { writeCount } from "./support/lab.ts";
import { Balancer } from "./support/balancer.ts";
import { SimulatedTab } from "./support/simulated-tab.ts";

/** Long enough for a tab to begin a render. */
const quietMs = 1_000;
const patience = { timeout: 120_000 };

for (const { tabCount, tag } of [
  { tabCount: 50, tag: [] },
  { tabCount: 500, tag: "@long" },
]) {
  test(
    `a rolling restart of two servers with ${tabCount} open streams loses no update and makes no storm`,
    { tag },
    async ({ startLabServer }) => {
      test.setTimeout(400_000);
      const dataDir = await mkdtemp(join(tmpdir(), "kawa-rolling-"));
      const engine = await EmbeddedEngine.start({ folder: EngineFolder.open(dataDir) });
      const tabs: SimulatedTab[] = [];
      let balancer: Balancer | undefined;
      try {
        const RIVET_ENDPOINT = engine.endpoint.replace("://", `://${engine.namespace}:${engine.adminToken}@`);
        const env = { RIVET_ENDPOINT, KAWA_SECRET: "the secret of both servers" };
        const servers = [await startLabServer({ env }), await startLabServer({ env })];
        balancer = await Balancer.start(servers.map(({ url }) => url));
        await writeCount(balancer, "rolling", 1);

        for (let n = 0; n < tabCount; n += 1) tabs.push(new SimulatedTab(balancer.url, "/counter/rolling"));
        for (const tab of tabs) tab.start();
        await expect
          .poll(() => tabs.filter(({ isOpen, count }) => isOpen && count === 1).length, patience)
          .toBe(tabCount);
        const renderCount = (): number => tabs.reduce((sum, tab) => sum + tab.renderCount, 0);

        // A tab whose stream met the server that had not rendered its page hears of changes that it has not read, until its server
        // has rendered it.
        await expect
          .poll(async () => {
            const before = renderCount();
            await writeCount(balancer!, "unrelated", before);
            await expect.poll(() => tabs.filter(({ isOpen }) => isOpen).length, patience).toBe(tabCount);
            await sleep(quietMs);
            return renderCount() - before;
          }, patience)
          .toBe(0);

        // From here on nobody renders for a restart: the next server is told what the page has read.
        for (const server of servers) {
          const streamsBefore = tabs.reduce((sum, tab) => sum + tab.openedAt.length, 0);
          const rendersBefore = renderCount();
          await server.stop({ graceMs: 40_000 });
          await expect.poll(() => tabs.filter(({ isOpen }) => isOpen).length, patience).toBe(tabCount);
          await server.start();
          await writeCount(balancer, "unrelated", 0);
          await sleep(quietMs);
          expect(tabs.reduce((sum, tab) => sum + tab.openedAt.length, 0) - streamsBefore).toBeLessThanOrEqual(tabCount);
          expect(renderCount()).toBe(rendersBefore);
        }

        // One that does change in the middle reaches everybody.
        for (const [index, server] of servers.entries()) {
          const stopped = server.stop({ graceMs: 40_000 });
          await writeCount(balancer, "rolling", index + 2);
          await stopped;
          await expect.poll(() => tabs.filter(({ count }) => count === index + 2).length, patience).toBe(tabCount);
          await server.start();
        }
      } finally {
        await Promise.all(tabs.map((tab) => tab.close()));
        await balancer?.close();
        await engine.stop();
        await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
      }
    },
  );
}
