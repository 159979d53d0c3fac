import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "./fixtures.ts";
import { openLive } from "./support/lab.ts";
import { labAppDir } from "./support/server.ts";

// Everything that a browser is sent is searched for what it has no business with.

const paths = ["client/told", "fragment/one/told", "fragment/suspense/told", "counter/told"];

test("no answer, event, cookie or script names a backend, an unexposed key, a place in the source or a secret", async ({
  page,
  context,
  labServer,
}) => {
  const secret = readFileSync(join(labServer.dataDir, "secret"), "utf8").trim();
  const sent: [where: string, text: string][] = [];
  page.on("response", async (response) => {
    const name = `${response.request().method()} ${response.url()}`;
    sent.push([name, JSON.stringify(await response.allHeaders().catch(() => ({})))]);
    // A stream has no end to wait for: its events are noted below.
    if (!response.headers()["content-type"]?.includes("event-stream"))
      sent.push([name, await response.text().catch(() => "")]);
  });
  await page.addInitScript(() => {
    const heard: string[] = [];
    Object.assign(window, { heard });
    // Without it each tab has its own stream, in this page.
    Reflect.deleteProperty(window, "SharedWorker");
    const decode = TextDecoderStream;
    window.TextDecoderStream = class extends decode {
      constructor() {
        super();
        const [own, copy] = this.readable.tee();
        Object.defineProperty(this, "readable", { value: own });
        void copy.pipeTo(new WritableStream({ write: (text) => void heard.push(text) })).catch(() => {});
      }
    };
  });
  for (const url of paths.map((path) => `${labServer.url}/${path}`)) {
    await openLive(page, url);
    await page.reload();
    // A navigation without a document, and a stream that has said what it says.
    await expect
      .poll(() => page.evaluate(() => (window as unknown as { heard: string[] }).heard.join("")))
      .toContain("event: token");
    sent.push([
      `events of ${url}`,
      await page.evaluate(() => (window as unknown as { heard: string[] }).heard.join("")),
    ]);
  }
  sent.push(["cookies", JSON.stringify(await context.cookies())]);
  for (const file of globSync(join(labAppDir, ".next/static/**/*.js"))) sent.push([file, readFileSync(file, "utf8")]);

  // Names in clear, and as base64 of each alignment would show them.
  const names = ["reactiveState", "lab:counter:told", "lab:told:counter", "fragment/count.tsx", "app/fragment", secret];
  for (const [where, text] of sent) {
    // Next's own names of routes and chunks are the app's addresses.
    const isCode = where.startsWith(labAppDir) || where.includes("/_next/static/");
    const searched = decoded(text);
    for (const name of names) {
      if (isCode && name !== secret) continue;
      if (name === "app/fragment" || name === "fragment/count.tsx") {
        expect(decodedOnly(text).includes(name), `${name} in ${where}`).toBe(false);
        continue;
      }
      expect(searched.includes(name), `${name} in ${where}`).toBe(false);
    }
  }
});

/** The text, and what its long words say when they are base64. */
function decoded(text: string): string {
  return `${text}\n${decodedOnly(text)}`;
}

function decodedOnly(text: string): string {
  return [...text.matchAll(/[\w-]{24,}/g)]
    .map(([word]) => Buffer.from(word, "base64url").toString("latin1"))
    .join("\n");
}
