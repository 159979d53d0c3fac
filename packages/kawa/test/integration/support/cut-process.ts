import { namespace } from "../../../src/index.ts";
import { createReactiveRoute } from "../../../src/next/route/reactive-route.ts";
import { initReactiveBackend, reactiveRegistry } from "../../../src/rivetkit/index.ts";
import { serveOperations } from "./serve-operations.ts";

/** A server that hosts nothing, and what it shows: in renders, and to browsers that have a stream. */
const backend = initReactiveBackend({ registry: reactiveRegistry, hosting: "none" });
const { POST } = createReactiveRoute();
const signal = namespace("app").signal("k", 0);

/** What each stream has said last. */
const said: ("live" | "stale" | "ended")[] = [];

async function openStream(): Promise<number> {
  const index = said.push("live") - 1;
  // A render of another server: nobody knows what it has read.
  const body = JSON.stringify({ tabs: { tab: { route: [["elsewhere", ""]] } } });
  const headers = { "content-type": "application/json" };
  const { body: events } = await POST(new Request("http://localhost/api/reactive", { method: "POST", body, headers }));
  const reader = events!.pipeThrough(new TextDecoderStream()).getReader();
  const first = await reader.read();
  note(index, first.value ?? "");
  void (async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) note(index, part.value);
    said[index] = "ended";
  })();
  return index;
}

function note(index: number, text: string): void {
  for (const [, tabs] of text.matchAll(/event: cut\ndata: \{"tabs":\[(.*?)\]/g)) said[index] = tabs ? "stale" : "live";
}

const operations = {
  openStream,
  get: () => signal.get(),
  set: (value: number) => signal.set(value),
  /** As the page shows it that was rendered before, and what its stream says. */
  shown: () => ({ value: signal.peek(), said: [...said] }),
  /** A page that is rendered now. */
  async render(): Promise<{ value: unknown; ms: number }> {
    const startedAt = performance.now();
    const snapshot = backend.openSnapshot() ?? (await backend.snapshotFor());
    await snapshot.load(["app:k"]);
    const entry = snapshot.entry("app:k").peek();
    const value = entry.state === "present" ? entry.value : entry.state;
    return { value, ms: performance.now() - startedAt };
  },
};

export type Operations = typeof operations;
serveOperations(operations);
process.on("disconnect", () => process.exit());
