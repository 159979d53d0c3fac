import { findEngines } from "../packages/kawa/test/integration/support/processes.ts";
import { expect, test } from "./fixtures.ts";
import { countRenders, openLive, readCount, shownCount, writeCount } from "./support/lab.ts";

test("two copies of the app on one machine do not see each other", async ({ context, startLabServer }) => {
  const [one, two] = [await startLabServer(), await startLabServer()];
  const [pageOfOne, pageOfTwo] = [await context.newPage(), await context.newPage()];
  await openLive(pageOfOne, `${one.url}/counter/copies`);
  await openLive(pageOfTwo, `${two.url}/counter/copies`);
  const rendersOfTwo = countRenders(pageOfTwo);

  await writeCount(one, "copies", 11);
  await expect(shownCount(pageOfOne)).toHaveText("11");
  expect(await readCount(two, "copies")).toBe(0);
  await expect(shownCount(pageOfTwo)).toHaveText("0");
  expect(rendersOfTwo.count).toBe(0);

  await writeCount(two, "copies", 22);
  await expect(shownCount(pageOfTwo)).toHaveText("22");
  expect(await readCount(one, "copies")).toBe(11);
  await expect(shownCount(pageOfOne)).toHaveText("11");

  const [engineOfOne, engineOfTwo] = [await one.engine(), await two.engine()];
  expect(engineOfOne?.port).not.toBe(engineOfTwo?.port);
  expect(engineOfOne?.pid).not.toBe(engineOfTwo?.pid);
});

test("a second app on the same data folder shares the state, and outlives the first", async ({
  context,
  startLabServer,
}) => {
  const first = await startLabServer();
  const second = await startLabServer({ dataDir: first.dataDir });
  const [pageOfFirst, pageOfSecond] = [await context.newPage(), await context.newPage()];
  await openLive(pageOfFirst, `${first.url}/counter/shared`);
  await openLive(pageOfSecond, `${second.url}/counter/shared`);
  expect(findEngines(first.dataDir)).toHaveLength(1);

  await writeCount(first, "shared", 1);
  await expect(shownCount(pageOfSecond)).toHaveText("1");
  await writeCount(second, "shared", 2);
  await expect(shownCount(pageOfFirst)).toHaveText("2");

  // The engine belongs to the first and ends with it; the second starts its own.
  await pageOfFirst.close();
  await first.stop();
  await writeCount(second, "shared", 3);
  await expect(shownCount(pageOfSecond)).toHaveText("3");
  expect(findEngines(first.dataDir)).toHaveLength(1);
});
