import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { findProcesses } from "../packages/kawa/test/integration/support/processes.ts";
import { expect, test } from "./fixtures.ts";
import { openLive, readCount, shownCount, writeCount } from "./support/lab.ts";

/** It is cut off after 2.5 s; browsers run on the same machine. */
const maxExitMs = 5_000;

const ends = [
  { name: "SIGTERM", options: { signal: "SIGTERM" }, code: 143 },
  { name: "Ctrl-C", options: { signal: "SIGINT", toGroup: true }, code: 130 },
] as const;

for (const { name, options, code } of ends) {
  test(`${name} ends the app at once while three pages are open, and leaves no process`, async ({
    context,
    startLabServer,
  }) => {
    const server = await startLabServer();
    const pages = [await context.newPage(), await context.newPage(), await context.newPage()];
    for (const page of pages) await openLive(page, `${server.url}/counter/shutdown`);
    await writeCount(server, "shutdown", 1);
    for (const page of pages) await expect(shownCount(page)).toHaveText("1");
    // The app, the shell that guards the engine, and the engine.
    expect(findProcesses(server.dataDir).length).toBeGreaterThanOrEqual(3);

    const result = await server.stop({ ...options, graceMs: 30_000 });

    expect(result).toMatchObject({ wasForced: false, code, signal: null, leftoverPids: [] });
    expect(result.durationMs).toBeLessThan(maxExitMs);
    await expect.poll(() => findProcesses(server.dataDir)).toEqual([]);

    // What was written is there after the next start, and the open pages come back to it.
    await server.start();
    await writeCount(server, "shutdown", 2);
    for (const page of pages) await expect(shownCount(page)).toHaveText("2");
  });
}

test("a request that has begun is answered, and what it writes is kept", async ({ startLabServer }) => {
  const server = await startLabServer();
  await writeCount(server, "begun", 1);
  const begun = request(`${server.url}/signals/counter/begun`, {
    method: "PUT",
    headers: { "content-type": "application/json", expect: "100-continue" },
  });
  const isTaken = once(begun, "continue");
  const answered = once(begun, "response") as Promise<[IncomingMessage]>;
  begun.flushHeaders();
  await isTaken;
  begun.write("4");
  // It is in the route by then, which waits for the rest.
  await sleep(500);
  const stopped = server.stop({ graceMs: 30_000 });
  // The app has heard the signal by then.
  await sleep(500);
  begun.end("2");
  const [answer] = await answered;
  expect(answer.statusCode).toBe(204);
  answer.resume();
  expect(await stopped).toMatchObject({ wasForced: false, leftoverPids: [] });

  await server.start();
  expect(await readCount(server, "begun")).toBe(42);
});
