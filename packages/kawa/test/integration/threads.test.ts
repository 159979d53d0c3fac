import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeDataDir, startApp } from "./support/app.ts";
import { findEngines, readEngineRecord, signalProcess, waitForNoProcess, waitUntil } from "./support/processes.ts";
import { Script } from "./support/script.ts";
import type { ThreadOperations } from "./support/threads-process.ts";

function startThreads(dataDir: string): Script<ThreadOperations> {
  return new Script<ThreadOperations>(join(import.meta.dirname, "support/threads-process.ts"), { dataDir });
}

const enginePids = (dataDir: string): number[] => findEngines(dataDir).map(({ pid }) => pid);

async function end(script: Script<ThreadOperations>, dataDir: string): Promise<void> {
  await script.call("stop");
  script.disconnect();
  await script.ended;
  await waitForNoProcess(dataDir, 5_000);
}

it("threads join the engine of their process, and leave it alone when they end", async (context) => {
  const dataDir = await makeDataDir(context);
  const script = startThreads(dataDir);
  await script.call("set", "value", 0);
  const engines = enginePids(dataDir);
  const record = await readEngineRecord(dataDir);

  // One after the other, as pages of next dev have them, and two at a time, as pools do.
  for (let round = 1; round <= 3; round += 1) {
    for (const name of ["one", "two"]) await script.call("startThread", name);
    await Promise.all(
      ["one", "two"].map((name) => script.call("inThread", name, { name: "set", args: [name, round] })),
    );
    expect(await script.call("inThread", "one", { name: "get", args: ["two"] })).toBe(round);
    expect(await script.call("get", "one")).toBe(round);
    for (const name of ["one", "two"]) await script.call("endThread", name);
    await script.call("set", "value", round);
    expect(enginePids(dataDir)).toEqual(engines);
  }
  expect(await readEngineRecord(dataDir)).toEqual(record);
  expect(script.log).toBe("");
  await end(script, dataDir);
});

it("a thread with an environment of its own joins too", async (context) => {
  const dataDir = await makeDataDir(context);
  const script = startThreads(dataDir);
  await script.call("set", "value", 1);
  const engines = enginePids(dataDir);
  await script.call("startThread", "bare", { KAWA_DATA_DIR: dataDir });
  expect(await script.call("inThread", "bare", { name: "get", args: ["value"] })).toBe(1);
  expect(enginePids(dataDir)).toEqual(engines);
  await end(script, dataDir);
});

it("a process that a server forks joins its engine, and leaves it alone when it ends", async (context) => {
  const dataDir = await makeDataDir(context);
  const script = startThreads(dataDir);
  await script.call("set", "value", 1);
  const engines = enginePids(dataDir);
  expect(await script.call("inChild", { name: "get", args: ["value"] })).toBe(1);
  await script.call("inChild", { name: "set", args: ["value", 2] });
  expect(await script.call("get", "value")).toBe(2);
  expect(enginePids(dataDir)).toEqual(engines);
  await end(script, dataDir);
});

it("the main thread starts a crashed engine again, and its threads go on", async (context) => {
  const dataDir = await makeDataDir(context);
  const script = startThreads(dataDir);
  await script.call("set", "value", 1);
  await script.call("startThread", "one");
  await script.call("inThread", "one", { name: "set", args: ["value", 2] });
  const [engine] = enginePids(dataDir);
  signalProcess(engine!, "SIGKILL");

  await script.call("inThread", "one", { name: "set", args: ["value", 3] });

  expect(await script.call("get", "value")).toBe(3);
  expect(enginePids(dataDir)).toHaveLength(1);
  expect(enginePids(dataDir)).not.toContain(engine);
  await end(script, dataDir);
});

it("a thread that is first runs the engine for its process; where it stops it, another one takes over", async (context) => {
  const dataDir = await makeDataDir(context);
  const script = startThreads(dataDir);
  for (const name of ["one", "two"]) await script.call("startThread", name);
  await script.call("inThread", "one", { name: "set", args: ["value", 1] });
  expect(await script.call("inThread", "two", { name: "get", args: ["value"] })).toBe(1);
  expect(await script.call("get", "value")).toBe(1);
  expect(enginePids(dataDir)).toHaveLength(1);

  await script.call("inThread", "one", { name: "stop", args: [] });
  await script.call("endThread", "one");

  await script.call("inThread", "two", { name: "set", args: ["value", 2] });
  expect(await script.call("get", "value")).toBe(2);
  expect(enginePids(dataDir)).toHaveLength(1);
  script.disconnect();
  await script.ended;
  await waitForNoProcess(dataDir, 5_000);
});

it("says what to do when the thread that ran the engine was ended", async (context) => {
  const dataDir = await makeDataDir(context);
  const script = startThreads(dataDir);
  for (const name of ["one", "two"]) await script.call("startThread", name);
  await script.call("inThread", "one", { name: "set", args: ["value", 1] });
  await script.call("inThread", "two", { name: "get", args: ["value"] });
  await script.call("endThread", "one");
  await waitUntil(() => script.log.includes("start Kawa in its main thread"), {
    timeoutMs: 20_000,
    what: "a word about it",
  });
  expect(script.log).toContain("ENGINE_START_FAILED");

  // For every other process the engine is gone, and what was written is there.
  const other = startApp({ dataDir });
  expect(await other.call("get", "value")).toBe(1);
  await other.end();
  script.disconnect();
  await script.ended;
});

it("a record and a lock with the number of another living program hold up nobody", async (context) => {
  const dataDir = await makeDataDir(context);
  const first = startApp({ dataDir });
  await first.call("set", "value", 1);
  const record = await readEngineRecord(dataDir);
  await first.kill();
  await waitForNoProcess(dataDir, 5_000);
  // As in a container that starts anew: the numbers are those of processes that live, and are others.
  const reused = JSON.parse(
    JSON.stringify(record)
      .replaceAll(`:${record!.ownerPid},`, `:${process.pid},`)
      .replaceAll(`:${record!.pid},`, `:${process.ppid},`),
  );
  expect(reused).toMatchObject({ pid: process.ppid, ownerPid: process.pid, owner: { pid: process.pid } });
  await writeFile(join(dataDir, "engine.json"), JSON.stringify(reused));
  await writeFile(join(dataDir, "engine.lock"), JSON.stringify(reused.owner));

  const second = startApp({ dataDir });
  expect(await second.call("get", "value")).toBe(1);
  await second.end();
});
