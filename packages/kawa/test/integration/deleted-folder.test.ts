import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeDataDir, startApp } from "./support/app.ts";
import { waitUntil } from "./support/processes.ts";

const told = "was deleted, moved or replaced while the app runs, so nothing can be stored. Restart the server";
const count = (log: string): number =>
  log.split("\n").filter((line) => line.startsWith("[kawa]") && line.includes(told)).length;

it("says at once that the folder was deleted, and begins anew after a restart", async (context) => {
  const dataDir = join(await makeDataDir(context), "rivet");
  const app = startApp({ dataDir });
  await app.call("set", "value", "before");
  rmSync(dataDir, { recursive: true });

  await waitUntil(() => app.log.includes(told), { timeoutMs: 30_000, what: "the app to say that its folder is gone" });
  for (const value of [1, 2]) {
    await expect(app.call("set", "value", value)).rejects.toMatchObject({
      code: "DISK_FAILED",
      message: expect.stringContaining(told),
    });
  }
  // The watch says it once, and the actor, which cannot start, once.
  expect(count(app.log)).toBeLessThanOrEqual(2);
  expect(await app.call("peek", "value")).toBe("before");
  expect(existsSync(dataDir)).toBe(false);
  await app.end();

  const next = startApp({ dataDir });
  expect(await next.call("get", "value")).toBeNull();
  await next.call("set", "value", "after");
  await next.end();
});

it("goes on when the folder is put back", async (context) => {
  const parent = await makeDataDir(context);
  const [dataDir, elsewhere] = [join(parent, "rivet"), join(parent, "elsewhere")];
  const app = startApp({ dataDir });
  await app.call("set", "value", "before");
  renameSync(dataDir, elsewhere);
  await expect(app.call("set", "value", "meanwhile")).rejects.toMatchObject({ code: "DISK_FAILED" });

  renameSync(elsewhere, dataDir);
  await waitUntil(
    async () =>
      app.call("set", "value", "after").then(
        () => true,
        () => false,
      ),
    { timeoutMs: 60_000, what: "a write to be stored" },
  );
  await app.end();

  const next = startApp({ dataDir });
  expect(await next.call("get", "value")).toBe("after");
  await next.end();
});

it("leaves what another app has put in the place of the folder alone", async (context) => {
  const dataDir = join(await makeDataDir(context), "rivet");
  const first = startApp({ dataDir });
  await first.call("set", "value", "first");
  rmSync(dataDir, { recursive: true });
  const second = startApp({ dataDir });
  await second.call("set", "value", "second");

  await expect(first.call("set", "value", "lost")).rejects.toMatchObject({
    code: "DISK_FAILED",
    message: expect.stringContaining(told),
  });
  await first.end();

  await second.call("set", "other", 1);
  expect(await second.call("get", "value")).toBe("second");
  await second.end();
  const third = startApp({ dataDir });
  expect([await third.call("get", "value"), await third.call("get", "other")]).toEqual(["second", 1]);
  await third.end();
});
