import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { createClient } from "rivetkit/client";
import { findEngines, findProcesses } from "../packages/kawa/test/integration/support/processes.ts";
import { expect, type Server, test } from "./fixtures.ts";
import { collectComplaints } from "./support/complaints.ts";
import { copyApp } from "./support/dev-copy.ts";
import { engineAccess } from "./support/engine-access.ts";
import { expectState, markWindow } from "./support/lab.ts";
import { setCounter } from "./support/starter.ts";

/** A first compilation of a route on a busy machine. */
const compileMs = 120_000;
const compiled = { timeout: compileMs };

const echoActor = `import { actor } from "rivetkit";

export const echo = actor({
  actions: {
    say: (_c, word: string) => "first " + word,
  },
});
`;

const registry = `import { reactiveStateActor } from "kawa/rivetkit";
import { setup } from "rivetkit";
import { echo } from "./echo";

export const registry = setup({ use: { reactiveState: reactiveStateActor, echo } });
`;

async function edit(path: string, from: string, to: string): Promise<void> {
  const text = await readFile(path, "utf8");
  if (!text.includes(from)) throw new Error(`${path} does not contain "${from}".`);
  await writeFile(path, text.replace(from, to));
}

/** Calls the echo actor as a RivetKit client of the app's own code does. */
async function callEcho(server: Server, name: string, word: string): Promise<unknown> {
  const client = createClient(await engineAccess(server.dataDir));
  const echo = client["echo"]!.getOrCreate(["one"]);
  return echo.action({ name, args: [word], signal: AbortSignal.timeout(compileMs) }).catch((error: unknown) => error);
}

/** The runners that the engine would give actors to. */
async function listRunners(server: Server): Promise<unknown[]> {
  const { endpoint, namespace, token } = await engineAccess(server.dataDir);
  const response = await fetch(`${endpoint}/envoys?namespace=${namespace}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  if (!response.ok) throw new Error(`The engine answered ${response.status}: ${await response.text()}`);
  const { envoys } = (await response.json()) as { envoys: { stop_ts?: number | null }[] };
  return envoys.filter(({ stop_ts: stoppedAt }) => stoppedAt === undefined || stoppedAt === null);
}

/** Streams of the page that are open. Those of a shared worker would not be the page's. */
async function trackStreams(page: Page): Promise<{ readonly open: Set<unknown> }> {
  await page.addInitScript(() => {
    for (const name of ["SharedWorker", "BroadcastChannel"]) Reflect.deleteProperty(globalThis, name);
  });
  const open = new Set<unknown>();
  page.on("request", (request) => void (request.url().endsWith("/api/reactive") && open.add(request)));
  page.on("requestfinished", (request) => open.delete(request));
  page.on("requestfailed", (request) => open.delete(request));
  return { open };
}

test("next dev keeps to the policy, and edits of a page, of lib and of an actor take effect in it", async ({
  page,
  startServer,
}) => {
  test.setTimeout(400_000);
  const dir = await copyApp();
  try {
    await writeFile(join(dir, "actors/echo.ts"), echoActor);
    await writeFile(join(dir, "actors/registry.ts"), registry);
    const server = await startServer({ dir, isDev: true, dataDir: join(dir, ".rivet"), startTimeoutMs: compileMs });
    try {
      await expectEditsToWork(page, server, dir);
    } finally {
      await test.info().attach("dev.log", { body: server.log(), contentType: "text/plain" });
    }
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  }
});

async function expectEditsToWork(page: Page, server: Server, dir: string): Promise<void> {
  const streams = await trackStreams(page);
  const complaints = await collectComplaints(page.context(), page);
  const socket = page.waitForEvent("websocket", compiled);
  await page.goto(`${server.url}/?as=alice`, compiled);
  await socket;
  await expectState(page, "live", compileMs);
  await page.getByRole("button", { name: "Sign in as Alice" }).click();
  await expect(page.getByTestId("who")).toHaveText("You are Alice.", compiled);
  expect(complaints).toEqual([]);

  const shown = page.getByTestId("counter");
  await setCounter(server, 1);
  await expect(shown).toHaveText("1", compiled);
  expect(await callEcho(server, "say", "word")).toBe("first word");
  const engine = await server.engine();
  const expectSameWindow = await markWindow(page);

  await test.step("a page", async () => {
    await edit(join(dir, "app/_components/counter.tsx"), ">Counter</h2>", ">Edited counter</h2>");
    await expect(page.getByRole("heading", { name: "Edited counter" })).toBeVisible(compiled);
    await setCounter(server, 2);
    await expect(shown).toHaveText("2");
  });

  await test.step("a module of lib", async () => {
    await edit(join(dir, "lib/signals.ts"), 'app.signal("counter", 0)', 'app.signal("tally", 100)');
    await expect(shown).toHaveText("100", compiled);
    await setCounter(server, 3);
    await expect(shown).toHaveText("3");
  });

  await test.step("the code of an action", async () => {
    await edit(join(dir, "actors/echo.ts"), '"first "', '"second "');
    await expect.poll(() => callEcho(server, "say", "word"), compiled).toBe("second word");
    await setCounter(server, 4);
    await expect(shown).toHaveText("4");
  });

  await test.step("a new action", async () => {
    await edit(join(dir, "actors/echo.ts"), "actions: {", 'actions: {\n    shout: (_c, word: string) => word + "!",');
    await expect.poll(() => callEcho(server, "shout", "word"), compiled).toBe("word!");
    expect(await callEcho(server, "say", "word")).toBe("second word");
    await setCounter(server, 5);
    await expect(shown).toHaveText("5");
  });

  await expectSameWindow();
  expect(findEngines(dir).map(({ pid }) => pid)).toEqual([engine?.pid]);
  expect(await listRunners(server)).toHaveLength(1);
  await expect.poll(() => streams.open.size).toBe(1);

  const result = await server.stop({ signal: "SIGINT", toGroup: true });
  expect(result).toMatchObject({ wasForced: false, leftoverPids: [] });
  // Next sends its statistics from a process that ends a moment later.
  await expect.poll(() => findProcesses(dir)).toEqual([]);
}
