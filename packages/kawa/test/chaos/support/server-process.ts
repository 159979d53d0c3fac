import { KawaError, namespace, type Signal } from "../../../src/index.ts";
import { createReactiveRoute } from "../../../src/next/route/reactive-route.ts";
import { initReactiveBackend, reactiveRegistry } from "../../../src/rivetkit/index.ts";
import { ActorLink } from "../../../src/rivetkit/replica/actor-link.ts";
import { stopWithProcess } from "../../../src/rivetkit/host/stop-with-process.ts";
import { serveOperations } from "../../integration/support/serve-operations.ts";

/** A server of an app without Next: it hosts the actor or not (`KAWA_HOSTING`), writes, and has a page whose stream says whether it is current. */
initReactiveBackend({ registry: reactiveRegistry });
stopWithProcess();
const { POST } = createReactiveRoute();
const app = namespace("app");
const counters = new Map<string, Signal<number>>();
/** As a browser does: it takes a page for live when its stream has begun. */
const firstWordsMs = 200;
let said: "live" | "stale" | "ended" = "ended";

function counter(key: string): Signal<number> {
  const known = counters.get(key) ?? app.signal(key, 0);
  counters.set(key, known);
  return known;
}

/** As a browser does: the stream of a page that another server has rendered, again and again. */
async function followStream(): Promise<void> {
  for (;;) {
    await readStream().catch(() => {});
    said = "ended";
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function readStream(): Promise<void> {
  const reader = await openStream();
  for (let part = await reader.read(); !part.done; part = await reader.read()) said = lastWord(part.value, said);
}

async function openStream(): Promise<ReadableStreamDefaultReader<string>> {
  const body = JSON.stringify({ tabs: { tab: { route: [["elsewhere", ""]] } } });
  const headers = { "content-type": "application/json" };
  const { body: events } = await POST(new Request("http://localhost/api/reactive", { method: "POST", body, headers }));
  return events!.pipeThrough(new TextDecoderStream()).getReader();
}

function lastWord(text: string, before: typeof said): typeof said {
  const [, tabs] = [...text.matchAll(/event: cut\ndata: \{"tabs":\[(.*?)\]/g)].at(-1) ?? [];
  if (tabs === undefined) return before === "stale" ? "stale" : "live";
  return tabs ? "stale" : "live";
}

function shownNow(): Record<string, number> {
  return Object.fromEntries([...counters].map(([key, signal]) => [key, signal.peek()]));
}

const operations = {
  /** Resolves when the page shows these counters. */
  async open(keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => counter(key).get()));
    void followStream();
  },
  /** Whether a connection to the actor leads into this process. What is left here of an actor that was moved does not count. */
  async isHost(): Promise<boolean> {
    const link = new ActorLink({ actorName: "reactiveState", actorId: "global" });
    const { isLocal } = await link.whenConnected(performance.now() + 10_000);
    link.close(new KawaError("BACKEND_CLOSED", "It has been looked."));
    return isLocal;
  },
  /** `count` at once. */
  async increment(key: string, count = 1): Promise<number> {
    const signal = counter(key);
    return Math.max(...(await Promise.all(Array.from({ length: count }, () => signal.update((n) => n + 1)))));
  },
  get: (key: string) => counter(key).get(),
  /** What the page shows at this moment, and what its stream says. */
  shown: () => ({ said, values: shownNow() }),
  /** The same of a page that is loaded now, and what its stream says within {@link firstWordsMs}. */
  async loaded() {
    const values = shownNow();
    const reader = await openStream();
    let text = "";
    setTimeout(() => void reader.cancel(), firstWordsMs);
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
    return { said: lastWord(text, "live"), values };
  },
  /** From now on the clock of this process goes so much ahead. */
  setClockAhead(ms: number): void {
    const { now } = Date;
    Date.now = () => now() + ms;
  },
};

export type Operations = typeof operations;
serveOperations(operations);
process.on("disconnect", () => process.exit());
