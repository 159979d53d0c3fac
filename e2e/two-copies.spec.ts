import { findEngines } from "../packages/kawa/test/integration/support/processes.ts";
import { expect, test } from "./fixtures.ts";
import { countRenders, openLive, readCount, shownCount, writeCount } from "./support/lab.ts";

test("two copies of the app on one machine do not see each other", async ({ context, startServer }) => {
  const [one, two] = [await startServer(), await startServer()];
  const [pageOfOne, pageOfTwo] = [await context.newPage(), await context.newPage()];
  await openLive(pageOfOne, `${one.url}/lab/counter/copies`);
  await openLive(pageOfTwo, `${two.url}/lab/counter/copies`);
  const rendersOfTwo = countRenders(pageOfTwo);

  await writeCount(one.url, "copies", 11);
  await expect(shownCount(pageOfOne)).toHaveText("11");
  expect(await readCount(two.url, "copies")).toBe(0);
  await expect(shownCount(pageOfTwo)).toHaveText("0");
  expect(rendersOfTwo.count).toBe(0);

  await writeCount(two.url, "copies", 22);
  await expect(shownCount(pageOfTwo)).toHaveText("22");
  expect(await readCount(one.url, "copies")).toBe(11);
  await expect(shownCount(pageOfOne)).toHaveText("11");

  const [engineOfOne, engineOfTwo] = [await one.engine(), await two.engine()];
  expect(engineOfOne?.port).not.toBe(engineOfTwo?.port);
  expect(engineOfOne?.pid).not.toBe(engineOfTwo?.pid);
});

test("a second app on the same data folder shares the state, and outlives the first", async ({
  context,
  startServer,
}) => {
  const first = await startServer();
  const second = await startServer({ dataDir: first.dataDir });
  const [pageOfFirst, pageOfSecond] = [await context.newPage(), await context.newPage()];
  await openLive(pageOfFirst, `${first.url}/lab/counter/shared`);
  await openLive(pageOfSecond, `${second.url}/lab/counter/shared`);
  expect(findEngines(first.dataDir)).toHaveLength(1);

  await writeCount(first.url, "shared", 1);
  await expect(shownCount(pageOfSecond)).toHaveText("1");
  await writeCount(second.url, "shared", 2);
  await expect(shownCount(pageOfFirst)).toHaveText("2");

  // The engine belongs to the first and ends with it; the second starts its own.
  await pageOfFirst.close();
  await first.stop();
  await writeCount(second.url, "shared", 3);
  await expect(shownCount(pageOfSecond)).toHaveText("3");
  expect(findEngines(first.dataDir)).toHaveLength(1);
});
