import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { keysQuery } from "../packages/kawa/src/browser/value-protocol.ts";
import { expect, test } from "./fixtures.ts";
import { putValue } from "./support/client-signals.ts";
import { writeCount } from "./support/lab.ts";
import { labAppDir } from "./support/server.ts";

test("a client component cannot show what is not exposed, and nothing of it leaves the server", async ({
  page,
  labServer,
}) => {
  await writeCount(labServer, "unexposed", 987_654);
  const bodies: Promise<string>[] = [];
  page.on("response", (response) => bodies.push(response.text().catch(() => "")));
  await page.goto(`${labServer.url}/client/hidden/unexposed`);
  await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
  expect((await Promise.all(bodies)).join("")).not.toContain("987654");
});

test("forged requests get and change nothing", async ({ labServer }) => {
  await writeCount(labServer, "forged", 123_321);
  const secret = "lab:forged:counter";
  const open = "lab:forged:shared";

  const foreign = await Promise.all([
    putValue(labServer.url, { id: "f1", key: secret, text: "[1]" }),
    putValue(labServer.url, { id: "f2", key: "lab:forged:shown", text: "[1]" }),
    putValue(labServer.url, { id: "f3", key: "users:alice:position", text: "[1]" }),
    putValue(labServer.url, { id: "f4", key: "no:such:key", text: "[1]" }),
  ]);
  expect(foreign.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  expect(new Set(await Promise.all(foreign.map((response) => response.text()))).size).toBe(1);

  const forged = await Promise.all([
    putValue(labServer.url, { id: "f5", key: open, text: "[1]" }, { origin: "https://evil.example" }),
    putValue(labServer.url, { id: "f6", key: open, text: "[1]" }, { "sec-fetch-site": "cross-site" }),
    putValue(labServer.url, { id: "f7", key: open, text: "[1]" }, { "content-type": "text/plain" }),
    putValue(labServer.url, { id: "f8", key: open, text: '[{"__proto__":1},{}]' }),
    putValue(labServer.url, { id: "f9", key: open, text: `["${"x".repeat(70_000)}"]` }),
    putValue(labServer.url, { id: "f10", key: open, text: '["a text"]' }),
  ]);
  expect(forged.map(({ status }) => status)).toEqual([403, 403, 400, 400, 413, 422]);

  const read = await fetch(`${labServer.url}/api/reactive${keysQuery([secret, "no:such:key", open])}`);
  const text = await read.text();
  expect(JSON.parse(text)).toMatchObject({ rows: [{ 0: open, 1: null }], refused: [secret, "no:such:key"] });
  expect(text).not.toContain("123321");

  const stream = await fetch(`${labServer.url}/api/reactive`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ tabs: { t: { route: [], values: [secret, open].map((key) => [key, -1, ""]) } } }),
  });
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  let events = "";
  while (!events.includes("event: values")) events += (await reader.read()).value ?? "";
  await writeCount(labServer, "forged", 123_322);
  await putValue(labServer.url, { id: "f11", key: open, text: "[5]" });
  while (!events.includes("[5]")) events += (await reader.read()).value ?? "";
  await reader.cancel();
  expect(events).not.toMatch(/12332|forged:counter/);
});

test("browsers get no code of servers", () => {
  const folder = join(labAppDir, ".next/static");
  const chunks = globSync("**/*.js", { cwd: folder }).map((path) => readFileSync(join(folder, path), "utf8"));
  expect(chunks.some((code) => code.includes("data-kawa-values"))).toBe(true);
  for (const word of [
    "rivetkit",
    "async_hooks",
    "node:crypto",
    "getBuiltinModule",
    "KAWA_SECRET",
    "ENGINE_START_FAILED",
  ]) {
    expect(
      chunks.filter((code) => code.includes(word)),
      word,
    ).toEqual([]);
  }
});
