import { expect } from "@playwright/test";
import { randomUUID } from "node:crypto";
import { World } from "./fuzz/world.ts";
import { test } from "./fixtures.ts";

/** Of the pages that are rendered with their route, by their page segment, and beside a fragment. */
const pages = { plain: ["a=1", "b=0"], segment: ["b=1"], slots: ["a=1", "c=0"], fragment: ["a=0", "c=1"] } as const;

for (const [page, shown] of Object.entries(pages)) {
  test(`the page ${page} shows a change whose announcement got lost on the way`, async ({ browser, labServer }) => {
    const world = await World.start(browser, labServer, randomUUID());
    try {
      await world.open(page);
      const look = () => world.look(world.pages[0]!);
      await expect.poll(async () => (await look()).status).toBe("live");
      let lostCount = 0;
      world.network.onData = (data, isAnswer) => {
        const at = isAnswer && lostCount === 0 ? data.indexOf("event: change") : -1;
        if (at < 0) return;
        lostCount += 1;
        // Of the same length, and nobody knows it.
        data.write("event: nobody", at);
      };
      await world.add(shown.find((value) => value.endsWith("=1"))!.slice(0, 1) as "a" | "b" | "c");
      await expect.poll(async () => (await look()).values).toEqual(shown);
      expect(lostCount).toBe(1);
    } finally {
      await world.stop();
    }
  });
}
