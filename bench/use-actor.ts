import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { type Browser, chromium, type Page } from "@playwright/test";
import { chromiumArgs, ensureChromium } from "../e2e/chromium.ts";
import { getFreePort, spawnProcess, stopProcess, waitUntil } from "../e2e/support/process.ts";
import { adminToken, startOwnEngine } from "../packages/kawa/test/integration/support/own-engine.ts";
import { BenchApp } from "./bench-app.ts";
import { inTime } from "./in-time.ts";
import { ratio, row, type Result } from "./report.ts";
import { withTempDir } from "./temp-dir.ts";
import {
  installScoreProbe,
  openTwoBrowsers,
  postScore,
  settle,
  type TwoBrowsers,
  waitForScore,
} from "./two-browsers.ts";

const packages = ["@rivetkit/react@2.3.11"];
const loadCount = 20;
const warmUpCount = 10;
const writeCount = 100;
const quietMs = 500;

type Kind = "Kawa" | "useActor";
type Loaded = { readonly firstValueMs: number; readonly scriptBytes: number; readonly bytes: number };

/** A page that shows one value, and how it is written. */
class Side {
  readonly loads: Loaded[] = [];
  readonly writes: number[] = [];
  readonly #browser: Browser;
  readonly #url: string;
  readonly #kind: Kind;
  readonly #pages: TwoBrowsers;
  #score = 1_000;

  private constructor(browser: Browser, url: string, kind: Kind, pages: TwoBrowsers) {
    this.#browser = browser;
    this.#url = url;
    this.#kind = kind;
    this.#pages = pages;
  }

  static async open(browser: Browser, url: string, kind: Kind): Promise<Side> {
    const pages = await openTwoBrowsers(browser, installScoreProbe, (page) => openShown(page, url));
    return new Side(browser, url, kind, pages);
  }

  /** In a browser that has nothing of the page yet. */
  async load(): Promise<void> {
    const context = await this.#browser.newContext();
    const page = await context.newPage();
    await page.addInitScript(noteFirstValue);
    const received = await countBytes(page);
    await openShown(page, this.#url);
    const firstValueMs = await page.evaluate(() => (globalThis as { firstValueMs?: number }).firstValueMs!);
    // The network is never idle: Kawa's stream stays open.
    for (let before = -1; before !== received.bytes; await sleep(quietMs)) before = received.bytes;
    this.loads.push({ firstValueMs, ...received });
    await context.close();
  }

  async write(isMeasured: boolean): Promise<void> {
    const score = String((this.#score += 1));
    const { writer, viewer } = this.#pages;
    const seen = waitForScore(viewer, score);
    const sent =
      this.#kind === "Kawa" ? postScore(writer, score).then(({ sentAt }) => sentAt) : callActor(writer, score);
    const [sentAt, seenAt] = await inTime(Promise.all([sent, seen]), `The score ${score} did not reach the viewer`);
    await settle();
    if (isMeasured) this.writes.push(seenAt - sentAt);
  }
}

async function openShown(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.locator("#score").waitFor();
}

/** Runs in the page before its own scripts. */
function noteFirstValue(): void {
  const observer = new MutationObserver(() => {
    if (!document.querySelector("#score")?.textContent) return;
    Object.assign(globalThis, { firstValueMs: performance.now() });
    observer.disconnect();
  });
  observer.observe(document, { subtree: true, childList: true, characterData: true });
}

function callActor(page: Page, score: string): Promise<number> {
  return page.evaluate(async (value) => {
    const sentAt = performance.timeOrigin + performance.now();
    await (globalThis as unknown as { write(value: string): Promise<void> }).write(value);
    return sentAt;
  }, score);
}

/** Counts what a page gets from now on, scripts as `gzip` packs them. */
async function countBytes(page: Page): Promise<{ scriptBytes: number; bytes: number }> {
  const counted = { scriptBytes: 0, bytes: 0 };
  page.on("response", (response) => {
    if (!/text|json|javascript/.test(response.headers()["content-type"] ?? "")) return;
    if (response.headers()["content-type"]?.includes("event-stream")) return;
    response.body().then(
      (body) => {
        const { length } = gzipSync(body);
        counted.bytes += length;
        if (response.request().resourceType() === "script") counted.scriptBytes += length;
      },
      () => {},
    );
  });
  page.on("websocket", (socket) => {
    socket.on("framereceived", ({ payload }) => void (counted.bytes += Buffer.byteLength(payload)));
  });
  return counted;
}

/** The client as an app bundles it, with the RivetKit of this repository. */
async function bundle(folder: string, engine: string): Promise<string> {
  const overrides = { rivetkit: "npm:empty-npm-package@1.0.0" };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ overrides }));
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--legacy-peer-deps", ...packages], {
    cwd: folder,
    stdio: "ignore",
  });
  const ofRepository = createRequire(import.meta.url);
  const esbuild = createRequire(ofRepository.resolve("@size-limit/esbuild"))("esbuild") as {
    build(options: object): Promise<unknown>;
  };
  const outfile = join(folder, "page.js");
  const ofClient = join(ofRepository.resolve("rivetkit/client"), "../../../browser/client.js");
  await esbuild.build({
    entryPoints: [join(import.meta.dirname, "use-actor/page.jsx")],
    outfile,
    bundle: true,
    minify: true,
    format: "esm",
    jsx: "automatic",
    platform: "browser",
    conditions: ["browser", "import"],
    alias: { "rivetkit/client": ofClient },
    nodePaths: [join(folder, "node_modules"), join(import.meta.dirname, "../node_modules")],
    define: {
      "process.env.NODE_ENV": '"production"',
      ENGINE: JSON.stringify(engine),
      ENGINE_TOKEN: JSON.stringify(adminToken),
    },
    tsconfigRaw: {},
  });
  return outfile;
}

/** A page of Kawa and one of RivetKit's own React client, with values of the same engine. */
export function measureUseActor(): Promise<Result> {
  return withTempDir(async (folder) => {
    const engine = await startOwnEngine({ dataDir: folder });
    const { endpoint } = engine;
    const port = await getFreePort();
    const url = `http://127.0.0.1:${port}`;
    const browser = await chromium.launch({ args: chromiumArgs, executablePath: ensureChromium() });
    const server = spawnProcess(process.execPath, [join(import.meta.dirname, "use-actor/server.ts")], {
      cwd: import.meta.dirname,
      env: {
        NODE_ENV: "production",
        ENGINE: endpoint,
        ENGINE_TOKEN: adminToken,
        PORT: String(port),
        SCRIPT: await bundle(folder, endpoint),
      },
    });
    const env = { RIVET_ENDPOINT: endpoint, RIVET_TOKEN: adminToken, KAWA_SECRET: "the secret of the bench" };
    let app: BenchApp | undefined;
    try {
      app = await BenchApp.start({ name: "kawa-app", expectedScore: 0, dataDir: folder, env });
      const isUp = (): Promise<boolean> =>
        fetch(url).then(
          ({ ok }) => ok,
          () => false,
        );
      await waitUntil(isUp, { timeoutMs: 60_000, what: "the page of useActor" });
      const kawa = await Side.open(browser, app.url, "Kawa");
      const bare = await Side.open(browser, url, "useActor");
      for (let round = 0; round < loadCount; round += 1)
        for (const side of round % 2 ? [kawa, bare] : [bare, kawa]) await side.load();
      for (let round = 0; round < warmUpCount + writeCount; round += 1)
        for (const side of round % 2 ? [kawa, bare] : [bare, kawa]) await side.write(round >= warmUpCount);
      return toResult(kawa, bare);
    } finally {
      await browser.close();
      await app?.stop();
      await stopProcess(server);
      await engine.endBy("SIGKILL");
    }
  });
}

function toResult(kawa: Side, bare: Side): Result {
  const rowsOf = (side: Side, name: Kind) => [
    row(
      `${name}: first value on the screen`,
      "ms",
      side.loads.map(({ firstValueMs }) => firstValueMs),
    ),
    row(`${name}: write to the other screen`, "ms", side.writes),
    row(
      `${name}: scripts of the page, gzip`,
      "KB",
      side.loads.map(({ scriptBytes }) => scriptBytes / 1024),
    ),
    row(
      `${name}: all that a first visit gets, gzip`,
      "KB",
      side.loads.map(({ bytes }) => bytes / 1024),
    ),
  ];
  const [ours, theirs] = [rowsOf(kawa, "Kawa"), rowsOf(bare, "useActor")];
  return {
    rows: [...ours, ...theirs],
    verdicts: [
      { name: "first value, Kawa to useActor", value: ratio(ours[0]!, theirs[0]!), unit: "times" },
      { name: "write to the other screen, Kawa to useActor", value: ratio(ours[1]!, theirs[1]!), unit: "times" },
    ],
  };
}
