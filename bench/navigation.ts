import { chromium, type Page } from "@playwright/test";
import { chromiumArgs, ensureChromium } from "../e2e/chromium.ts";
import { BenchApp } from "./bench-app.ts";
import { inTime, roundTimeoutMs } from "./in-time.ts";
import { ratio, row, type Result } from "./report.ts";
import { withTempDir } from "./temp-dir.ts";
import { inTurns } from "./turns.ts";
import { settle } from "./two-browsers.ts";

const warmUpRounds = 10;
const rounds = 80;

/** `alone`: the server shows the value. The others have a client component beside it, whose value the tab has never seen, or has left. */
type Side = "alone" | "unseen" | "left";

/** When each half showed the value, in milliseconds after the click, and whether the client's was seen to be older than the server's. */
type Visit = { readonly server: number; readonly client: number; readonly isOlder: boolean };

/** Somebody writes, then a visitor goes to the page that shows it: when its halves are there, and whether they are of one version. */
export async function measureNavigation(): Promise<Result> {
  const [alone, unseen, left] = await withTempDir(async (dataDir) => {
    const app = await BenchApp.start({ name: "kawa-app", expectedScore: 0, dataDir });
    const browser = await chromium.launch({ args: chromiumArgs, executablePath: ensureChromium() });
    try {
      const page = await browser.newPage();
      page.setDefaultTimeout(roundTimeoutMs);
      await page.goto(`${app.url}/navigation`);
      let value = 1_000;
      let nextUnseen = 1;
      return await inTurns(["alone", "unseen", "left"], { warmUpRounds, rounds }, (side: Side) =>
        visit(page, { app, side, index: side === "unseen" ? nextUnseen++ : 0, value: ++value }),
      );
    } finally {
      await browser.close();
      await app.stop();
    }
  });
  const rowOf = (name: string, visits: readonly Visit[], time: (visit: Visit) => number) =>
    row(`click to ${name}`, "ms", visits.map(time));
  const rows = [
    rowOf("a server value alone", alone, ({ server }) => server),
    rowOf("both halves, client value unseen", unseen, ({ client }) => client),
    rowOf("both halves, client value left before", left, ({ client }) => client),
  ] as const;
  return {
    rows,
    verdicts: [
      { name: "both halves / a server value alone, unseen", value: ratio(rows[1], rows[0]), unit: "times" },
      { name: "both halves / a server value alone, left before", value: ratio(rows[2], rows[0]), unit: "times" },
      {
        name: `- visits of ${2 * rounds} with an older client value`,
        value: [...unseen, ...left].filter(({ isOlder }) => isOlder).length,
        unit: "visits",
        goal: { atMost: 0 },
      },
    ],
  };
}

type Target = { readonly app: BenchApp; readonly side: Side; readonly index: number; readonly value: number };

async function visit(page: Page, { app, side, index, value }: Target): Promise<Visit> {
  const { ok } = await fetch(`${app.url}/api/seen`, { method: "POST", body: `${index} ${value}` });
  if (!ok) throw new Error("Writing failed.");
  const href = `/navigation/${side === "alone" ? "alone" : "both"}?of=${index}`;
  const visited = await inTime(page.evaluate(clickAndWatch, { href, value: String(value) }), `${href} did not show it`);
  await settle();
  await page.getByRole("link", { name: "Home" }).click();
  await page.getByRole("heading", { name: "Home" }).waitFor();
  await settle();
  return visited;
}

/** Runs in the page. */
function clickAndWatch({ href, value }: { href: string; value: string }): Promise<Visit> {
  return new Promise((resolve) => {
    const hasClient = href.startsWith("/navigation/both");
    let [server, client, isOlder] = [0, 0, false];
    const observer = new MutationObserver(() => {
      const texts = ["server", "client"].map((id) => document.querySelector(`#${id}`)?.textContent);
      const at = performance.now() - startedAt;
      if (texts[0] === value) server ||= at;
      if (texts[1] === value) client ||= at;
      if (texts[0] === value && texts[1] != null && texts[1] !== value) isOlder = true;
      if (!server || (hasClient && !client)) return;
      observer.disconnect();
      resolve({ server, client, isOlder });
    });
    observer.observe(document.body, { subtree: true, childList: true, characterData: true });
    const startedAt = performance.now();
    document.querySelector<HTMLElement>(`a[href="${href}"]`)!.click();
  });
}
