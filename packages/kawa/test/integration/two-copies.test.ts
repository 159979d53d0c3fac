import { expect, it } from "vitest";
import { makeDataDir, startApp } from "./support/app.ts";
import { findEngines, readEngineRecord, waitForNoProcess, waitUntil } from "./support/processes.ts";

it("keeps apart the apps of two folders", async (context) => {
  const [dirOne, dirTwo] = [await makeDataDir(context), await makeDataDir(context)];
  const [one, two] = [startApp({ dataDir: dirOne }), startApp({ dataDir: dirTwo })];

  const endpoints = await Promise.all([one.call("start"), two.call("start")]);
  expect(endpoints[0]).not.toBe(endpoints[1]);

  await two.call("watch", "value");
  await one.call("set", "value", "of one");
  expect(await two.call("get", "value")).toBe(null);
  await two.call("set", "value", "of two");
  expect(await one.call("get", "value")).toBe("of one");
  expect(await two.call("seen", "value")).toEqual([null, "of two"]);

  await Promise.all([one.end(), two.end()]);
});

it("lets two apps of one folder start at the same moment and share one engine", async (context) => {
  const dataDir = await makeDataDir(context);
  const [one, two] = [startApp({ dataDir }), startApp({ dataDir })];

  const endpoints = await Promise.all([one.call("start"), two.call("start")]);

  expect(endpoints[0]).toBe(endpoints[1]);
  expect(findEngines(dataDir)).toHaveLength(1);
  await one.call("set", "value", 1);
  expect(await two.call("get", "value")).toBe(1);
  await Promise.all([one.end(), two.end()]);
  await waitForNoProcess(dataDir, 5_000);
});

for (const way of ["end", "kill"] as const) {
  it(`lets the second app go on when the first one is gone (${way})`, async (context) => {
    const dataDir = await makeDataDir(context);
    const first = startApp({ dataDir });
    await first.call("set", "value", "from the first");
    const second = startApp({ dataDir });
    await second.call("watch", "value");
    const before = await readEngineRecord(dataDir);
    expect(before?.ownerPid).toBe(first.pid);

    await first[way]();

    await second.call("set", "value", "from the second");
    await waitUntil(async () => ((await second.call("seen", "value")) as unknown[]).at(-1) === "from the second", {
      timeoutMs: 15_000,
      what: "the second app to show its own write",
    });
    expect(findEngines(dataDir)).toHaveLength(1);
    const after = await readEngineRecord(dataDir);
    expect(after).toMatchObject({ port: before?.port, ownerPid: second.pid });

    const third = startApp({ dataDir });
    expect(await third.call("get", "value")).toBe("from the second");
    await third.end();
    await second.end();
    await waitForNoProcess(dataDir, 5_000);
  });
}
