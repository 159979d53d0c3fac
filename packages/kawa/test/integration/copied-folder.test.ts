import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it, type TestContext } from "vitest";
import { engineAccess } from "../../../../e2e/support/engine-access.ts";
import { type App, makeDataDir, startApp } from "./support/app.ts";
import { findEngines, waitForNoProcess, waitUntil } from "./support/processes.ts";

/** Two places in one folder; whatever works in it ends with the test. */
async function makePlaces(context: TestContext): Promise<{ a: string; b: string; c: string }> {
  const parent = await makeDataDir(context);
  return { a: join(parent, "a"), b: join(parent, "b"), c: join(parent, "c") };
}

/** As people copy a project: with times, modes and everything that Git does not see. */
function copy(from: string, to: string): void {
  execFileSync("cp", ["-a", from, to]);
}

const textOf = (dir: string, name: string): string => readFileSync(join(dir, name), "utf8");

async function expectApart(a: { dir: string; app: App }, b: { dir: string; app: App }): Promise<void> {
  const [ofA, ofB] = [await engineAccess(a.dir), await engineAccess(b.dir)];
  for (const part of ["endpoint", "token", "namespace"] as const) expect(ofA[part]).not.toBe(ofB[part]);
  expect(textOf(a.dir, "secret")).not.toBe(textOf(b.dir, "secret"));
  for (const { dir } of [a, b]) expect(findEngines(join(dir, "data"))).toHaveLength(1);

  await a.app.call("set", "value", "of a");
  await b.app.call("set", "value", "of b");
  expect(await a.app.call("get", "value")).toBe("of a");
  expect(await b.app.call("get", "value")).toBe("of b");
}

async function endAll(...apps: App[]): Promise<void> {
  for (const app of apps) await app.end();
}

it("a folder that was copied while its app runs has an engine, a token, a namespace and a secret of its own", async (context) => {
  const { a: dirA, b: dirB } = await makePlaces(context);
  const a = startApp({ dataDir: dirA });
  await a.call("set", "value", "before");
  copy(dirA, dirB);

  const b = startApp({ dataDir: dirB });
  expect(await b.call("get", "value")).toBe("before");
  await expectApart({ dir: dirA, app: a }, { dir: dirB, app: b });
  expect(b.log).toContain(`is a copy of ${dirA}`);
  expect(textOf(dirB, "original/secret")).toBe(textOf(dirA, "secret"));

  // What one of them kept, the other one has not.
  await endAll(a, b);
  const [laterA, laterB] = [startApp({ dataDir: dirA }), startApp({ dataDir: dirB })];
  expect(await laterB.call("get", "value")).toBe("of b");
  expect(await laterA.call("get", "value")).toBe("of a");
  expect(laterB.log).toBe("");
  await endAll(laterA, laterB);
});

it("so has one that was copied while its app was stopped, a copy of that, and each when all start at once", async (context) => {
  const { a: dirA, b: dirB, c: dirC } = await makePlaces(context);
  const first = startApp({ dataDir: dirA });
  await first.call("set", "value", "before");
  await first.end();
  copy(dirA, dirB);
  copy(dirB, dirC);

  // Two processes of one copy agree on its secret.
  const [c, b, a, b2] = [dirC, dirB, dirA, dirB].map((dataDir) => startApp({ dataDir })) as [App, App, App, App];
  const values = await Promise.all([c, b, a, b2].map((app) => app.call("get", "value")));
  expect(values).toEqual(["before", "before", "before", "before"]);
  await expectApart({ dir: dirA, app: a }, { dir: dirB, app: b });
  await expectApart({ dir: dirB, app: b2 }, { dir: dirC, app: c });
  expect(await b.call("get", "value")).toBe("of a");
  await endAll(b2, a, b, c);
});

it("a copy may start before its original, on the port that both remember", async (context) => {
  const { a: dirA, b: dirB } = await makePlaces(context);
  const first = startApp({ dataDir: dirA });
  await first.call("set", "value", "before");
  await first.end();
  copy(dirA, dirB);

  const b = startApp({ dataDir: dirB });
  await b.call("set", "value", "of the copy");
  const a = startApp({ dataDir: dirA });
  expect(await a.call("get", "value")).toBe("before");
  await expectApart({ dir: dirA, app: a }, { dir: dirB, app: b });
  await endAll(a, b);
});

it("a folder that was moved goes on with its values and its secret", async (context) => {
  const { a: dirA, b: dirB } = await makePlaces(context);
  const first = startApp({ dataDir: dirA });
  await first.call("set", "value", "kept");
  await first.end();
  const kept = [textOf(dirA, "secret"), textOf(dirA, "admin-token")];
  renameSync(dirA, dirB);

  const later = startApp({ dataDir: dirB });
  expect(await later.call("get", "value")).toBe("kept");
  expect([textOf(dirB, "secret"), textOf(dirB, "admin-token")]).toEqual(kept);
  expect(later.log).toBe("");
  await later.end();
});

it("a backup that was put back goes on with its values and its secret, beside what still runs on the old data", async (context) => {
  const { a: dirA, b: backup, c: aside } = await makePlaces(context);
  const first = startApp({ dataDir: dirA });
  await first.call("set", "value", "kept");
  copy(dirA, backup);
  const secret = textOf(dirA, "secret");
  renameSync(dirA, aside);
  copy(backup, dirA);

  const second = startApp({ dataDir: dirA });
  expect(await second.call("get", "value")).toBe("kept");
  expect(textOf(dirA, "secret")).toBe(secret);
  expect((await engineAccess(dirA)).endpoint).not.toBe((await engineAccess(aside)).endpoint);
  await second.end();
  await first.kill();
});

it("a folder has one engine, whichever of its names is used", async (context) => {
  const { a: dirA, b: link } = await makePlaces(context);
  mkdirSync(dirA);
  symlinkSync(dirA, link);
  const [one, two] = [startApp({ dataDir: dirA }), startApp({ dataDir: link })];
  expect(await Promise.all([one.call("start"), two.call("start")]).then(([first, second]) => first === second)).toBe(
    true,
  );
  await one.call("set", "value", 1);
  expect(await two.call("get", "value")).toBe(1);
  await endAll(two, one);
});

it("a copy with a lock of the original in it does not wait for it", async (context) => {
  const { a: dirA, b: dirB } = await makePlaces(context);
  const a = startApp({ dataDir: dirA });
  const starting = a.call("set", "value", 1);
  await waitUntil(() => existsSync(join(dirA, "engine.lock")), { timeoutMs: 20_000, what: "the lock" });
  copy(dirA, dirB);
  await starting;
  const b = startApp({ dataDir: dirB });
  await b.call("set", "value", 2);
  expect(await a.call("get", "value")).toBe(1);
  await endAll(a, b);
  await waitForNoProcess(dirA, 5_000);
});
