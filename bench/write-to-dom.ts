import type { Browser } from "@playwright/test";
import { measureBothApps } from "./both-apps.ts";
import { inTime } from "./in-time.ts";
import { row, type Result } from "./report.ts";
import { openTwoBrowsers, postScore, settle, type TwoBrowsers } from "./two-browsers.ts";

const warmUpCount = 30;
const count = 200;
const goal = 1.2;

/** When a change reached each stage of the second browser, as milliseconds of the wall clock. */
type Stages = { readonly event: number; readonly fetchStart: number; readonly fetchEnd: number; readonly dom: number };

type Probe = {
  /** Resolves when the page hears of changes. */
  readonly listening: Promise<void>;
  waitFor(score: string): Promise<void>;
  domTime(score: string): number;
  takeStages(score: string): Stages | undefined;
};

type ProbedGlobal = { probe: Probe };

/** Runs in the page before its own scripts. Both apps get the same. */
function installProbe(): void {
  const now = (): number => performance.timeOrigin + performance.now();
  const domTimes = new Map<string, number>();
  const waiting = new Map<string, () => void>();
  let eventAt = 0;

  new MutationObserver(() => {
    const score = document.querySelector("#score")?.textContent;
    if (score == null || domTimes.has(score)) return;
    domTimes.set(score, now());
    waiting.get(score)?.();
  }).observe(document, { subtree: true, childList: true, characterData: true });

  const { promise: listening, resolve: setListening } = Promise.withResolvers<void>();
  const NativeEventSource = EventSource;
  globalThis.EventSource = class extends NativeEventSource {
    constructor(url: string | URL) {
      super(url);
      this.addEventListener("open", () => setListening());
      this.addEventListener("message", () => (eventAt = now()));
    }
  };
  // Kawa's stream is an answer to a POST, which a shared worker would ask for out of sight.
  Reflect.deleteProperty(globalThis, "SharedWorker");
  Reflect.deleteProperty(globalThis, "BroadcastChannel");
  const nativeFetch = fetch;
  globalThis.fetch = async (...args) => {
    const response = await nativeFetch(...args);
    if (!new URL(response.url).pathname.endsWith("/api/reactive") || response.body === null) return response;
    setListening();
    const [own, copy] = response.body.tee();
    const note = new WritableStream<string>({
      write: (text) => void (text.includes("event: change") && (eventAt = now())),
    });
    copy
      .pipeThrough(new TextDecoderStream())
      .pipeTo(note)
      .catch(() => {});
    return new Response(own, response);
  };

  const probe: Probe = {
    listening,
    domTime: (score) => domTimes.get(score) ?? Number.NaN,
    waitFor: (score) =>
      new Promise((resolve) => {
        if (domTimes.has(score)) resolve();
        else waiting.set(score, resolve);
      }),
    takeStages(score) {
      const dom = domTimes.get(score);
      // Kawa asks for a render by an action: a POST to the page itself.
      const fetches = (performance.getEntriesByType("resource") as PerformanceResourceTiming[]).filter(
        ({ name, initiatorType }) =>
          name.includes("_rsc=") || (initiatorType === "fetch" && new URL(name).pathname === location.pathname),
      );
      performance.clearResourceTimings();
      const fetched = fetches.at(-1);
      // Two refreshes, or a refresh that a former write caused: the stages cannot be told apart.
      if (dom === undefined || fetched === undefined || fetches.length !== 1) return undefined;
      const at = (time: number): number => performance.timeOrigin + time;
      return { event: eventAt, fetchStart: at(fetched.startTime), fetchEnd: at(fetched.responseEnd), dom };
    },
  };
  Object.assign(globalThis, { probe });
}

class Side {
  readonly #pages: TwoBrowsers;
  #score = 1_000;
  readonly totals: number[] = [];
  readonly stages: { post: number[]; event: number[]; request: number[]; fetch: number[]; commit: number[] } = {
    post: [],
    event: [],
    request: [],
    fetch: [],
    commit: [],
  };

  private constructor(pages: TwoBrowsers) {
    this.#pages = pages;
  }

  static async open(browser: Browser, url: string): Promise<Side> {
    return new Side(
      await openTwoBrowsers(browser, installProbe, async (page) => {
        await page.goto(url);
        // The bare app misses what changes before its stream is open.
        await inTime(
          page.evaluate(() => (globalThis as unknown as ProbedGlobal).probe.listening),
          `The live stream of ${url} did not open`,
        );
      }),
    );
  }

  /** One write in the first browser, and its way into the second one. */
  async run(isMeasured: boolean): Promise<void> {
    const score = String(++this.#score);
    const seen = this.#pages.viewer.evaluate(
      (awaited) => (globalThis as unknown as ProbedGlobal).probe.waitFor(awaited),
      score,
    );
    const written = postScore(this.#pages.writer, score);
    const [{ sentAt, answeredAt }] = await inTime(
      Promise.all([written, seen]),
      `The score ${score} did not reach the second browser`,
    );
    await settle();
    const { dom, stages } = await this.#pages.viewer.evaluate((shown) => {
      const { probe } = globalThis as unknown as ProbedGlobal;
      return { dom: probe.domTime(shown), stages: probe.takeStages(shown) };
    }, score);
    if (!isMeasured) return;
    this.totals.push(dom - sentAt);
    this.stages.post.push(answeredAt - sentAt);
    if (stages === undefined) return;
    this.stages.event.push(stages.event - sentAt);
    this.stages.request.push(stages.fetchStart - stages.event);
    this.stages.fetch.push(stages.fetchEnd - stages.fetchStart);
    this.stages.commit.push(stages.dom - stages.fetchEnd);
  }
}

/** From a POST in one browser to the changed text in another one. */
export async function measureWriteToDom(): Promise<Result> {
  const { bare, kawa } = await measureBothApps({ open: Side.open, warmUpCount, count });
  return conclude(bare, kawa);
}

function conclude(bare: Side, kawa: Side): Result {
  const rows = [
    row("write to DOM, bare", "ms", bare.totals),
    row("write to DOM, kawa", "ms", kawa.totals),
    ...(["post", "event", "request", "fetch", "commit"] as const).flatMap((stage) => [
      row(`- ${stageNames[stage]}, bare`, "ms", bare.stages[stage]),
      row(`- ${stageNames[stage]}, kawa`, "ms", kawa.stages[stage]),
    ]),
  ];
  const value = rows[1]!.stats.p50 / rows[0]!.stats.p50;
  return { rows, verdicts: [{ name: "write to DOM, kawa / bare", value, unit: "times", goal: { atMost: goal } }] };
}

const stageNames = {
  post: "POST to its answer",
  event: "POST to SSE event",
  request: "event to refresh request",
  fetch: "refresh request",
  commit: "last byte to DOM",
} as const;
