import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Backend, registerBackend, unregisterBackend } from "../../core/backend/backend.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { formatVersions, toShownVersions } from "../../core/value/version.ts";
import { knownRenders } from "../../react/render/known-renders.ts";
import { RenderReads } from "../../react/render/render-reads.ts";
import { FollowedTab, type TabStream } from "../stream/followed-tab.ts";
import { hub } from "../stream/hub.ts";
import { EventStream } from "../stream/event-stream.ts";
import { closeStreams } from "../stream/open-streams.ts";
import { createReactiveRoute } from "./reactive-route.ts";
import type { ShownRender } from "../protocol/stream-protocol.ts";

vi.stubEnv("KAWA_SECRET", "a secret of at least sixteen characters");

let backend: Backend;
let renderCount = 0;

beforeEach(() => {
  backend = createMemoryBackend("told-again");
  registerBackend(backend, { global: false });
  vi.spyOn(console, "error").mockReturnValue();
});

afterEach(() => {
  closeStreams();
  unregisterBackend(backend);
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function render(keys: readonly string[], hiddenFrom?: string): ShownRender {
  const made = new RenderReads(`told-again-${(renderCount += 1)}`);
  made.versions.set(backend.id, backend.version);
  for (const key of keys) made.add(backend.id, key, hiddenFrom);
  made.shownText = formatVersions(toShownVersions(made.versions.values()));
  knownRenders().add(made);
  return [made.id, made.shownText];
}

/** A tab of a stream that notes when it is told, and a clock of seconds. */
async function openTab(shown: { route: readonly ShownRender[]; page?: ShownRender }) {
  const told: { at: number; what: string }[] = [];
  let seconds = 0;
  const stream: TabStream = {
    subject: "",
    needsDrain: false,
    send() {},
    takeReads: () => true,
    giveBackReads() {},
    noteChange: (_, what) => void told.push({ at: seconds, what }),
  };
  const tab = new FollowedTab(stream, "tab");
  tab.follow(shown);
  onTestFinished(() => tab.stop());
  // What it shows is compared with what there is, which may take turns of a busy process.
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  const pass = (count: number): void => {
    for (const end = seconds + count; seconds < end;) tab.tick((seconds += 1) * 1_000);
  };
  return { tab, told, pass };
}

/** What is announced in `action` reaches nobody. */
async function losing(action: () => Promise<unknown>): Promise<void> {
  const spy = vi.spyOn(FollowedTab.prototype, "noteChange").mockReturnValue();
  await action();
  expect(spy).toHaveBeenCalled();
  spy.mockRestore();
}

describe("a tab that was not told of a change", () => {
  it.each([
    ["its route has read", () => ({ route: [render(["a"])] }), "route"],
    ["its page has read", () => ({ route: [render(["other"])], page: render(["a"]) }), "page"],
    [
      "nobody knows whether it has read",
      (): { route: ShownRender[] } => ({ route: [["unknown", formatVersions(toShownVersions([backend.version]))]] }),
      "route",
    ],
  ] as const)("is told within 5 s of what %s", async (_, shown, what) => {
    await backend.set("a", 1);
    const { told, pass } = await openTab(shown());
    told.length = 0;
    await losing(() => backend.set("a", 2));
    pass(3);
    expect(told).toEqual([]);
    pass(2);
    expect(told).toEqual([{ at: 4, what }]);
  });

  it("is in the log, and one that was told is not", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    // The log is told of the same kind once in a while.
    vi.advanceTimersByTime(3_600_000);
    const { pass } = await openTab({ route: [render(["a"])] });
    const other = await openTab({ route: [render(["b"])] });
    await backend.set("b", 1);
    expect(other.told).toHaveLength(1);
    other.pass(5);
    expect(other.told).toHaveLength(2);
    expect(console.error).not.toHaveBeenCalled();
    await losing(() => backend.set("a", 1));
    pass(5);
    expect(console.error).toHaveBeenCalledTimes(1);
  });

  it("is told ever more seldom for as long as it shows the same", async () => {
    const { told, pass } = await openTab({ route: [render(["a"])] });
    await losing(() => backend.set("a", 1));
    pass(60);
    expect(told.map(({ at }) => at)).toEqual([4, 10, 22, 46]);
    pass(3_600);
    expect(told.length).toBeLessThan(20);
  });

  it("is told no more when it shows what there is", async () => {
    const { tab, told, pass } = await openTab({ route: [render(["a"])] });
    await losing(() => backend.set("a", 1));
    pass(5);
    tab.stop();
    tab.follow({ route: [render(["a"])] });
    told.length = 0;
    pass(60);
    expect(told).toEqual([]);
  });
});

describe("a tab that shows something of a backend that nobody has made here", () => {
  it("is told to be rendered whatever it shows, and no more once the backend is there", async () => {
    const elsewhere = createMemoryBackend("told-again-elsewhere");
    const made = new RenderReads(`told-again-${(renderCount += 1)}`);
    made.versions.set(elsewhere.id, elsewhere.version);
    made.add(elsewhere.id, "a");
    knownRenders().add(made);
    const { tab, told, pass } = await openTab({ route: [[made.id, ""]] });
    pass(5);
    expect([told, tab.takeVersions()]).toEqual([[{ at: 4, what: "route" }], ""]);
    expect(console.error).not.toHaveBeenCalled();
    registerBackend(elsewhere, { global: false });
    onTestFinished(() => unregisterBackend(elsewhere));
    pass(60);
    expect(told).toHaveLength(1);
    await elsewhere.set("a", 1);
    expect(told).toHaveLength(2);
    expect(tab.takeVersions()).toBe(formatVersions(toShownVersions([elsewhere.version])));
  });
});

describe("a tab that shows what there is", () => {
  it("is told nothing, whatever else changes", async () => {
    const { told, pass } = await openTab({ route: [render(["a"])], page: render(["b"]) });
    await backend.set("other", 1);
    pass(10);
    await backend.set("other", 2);
    pass(10);
    expect(told).toEqual([]);
  });

  it("is compared only when something has changed", async () => {
    const { pass } = await openTab({ route: [render(["a"])] });
    await backend.set("other", 1);
    pass(1);
    const behind = vi.spyOn(hub(), "behind");
    pass(100);
    expect(behind).not.toHaveBeenCalled();
  });

  it("is not asked for by hooks that hide what has changed", async () => {
    const { told, pass } = await openTab({ route: [render(["a"], "somebody")] });
    told.length = 0;
    await losing(() => backend.set("a", 1)).catch(() => {});
    pass(10);
    expect(told).toEqual([]);
  });
});

it("a stream whose event got lost brings it again", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  const body = JSON.stringify({ tabs: { tab: { route: [render(["a"])] } } });
  const { POST } = createReactiveRoute();
  const answer = await POST(
    new Request("http://host/api/reactive", { method: "POST", body, headers: { "content-type": "application/json" } }),
  );
  const reader = answer.body!.getReader();
  onTestFinished(() => reader.cancel().catch(() => {}));
  let text = "";
  const [isFollowed, isTold] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  void (async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      text += new TextDecoder().decode(part.value);
      if (text.includes("event: token\n")) isFollowed.resolve();
      if (text.includes("event: change\n")) isTold.resolve();
    }
  })();
  await isFollowed.promise;
  const isLost = Promise.withResolvers<void>();
  vi.spyOn(EventStream.prototype, "send").mockImplementationOnce(() => isLost.resolve());
  await backend.set("a", 1);
  await isLost.promise;
  expect(text).not.toContain("event: change\n");
  for (let second = 0; second < 5; second += 1) {
    vi.advanceTimersByTime(1_000);
    // Who is sent an event reads it.
    await new Promise(setImmediate);
  }
  await isTold.promise;
  expect(text).toContain(`"tab":["route","${formatVersions(toShownVersions([backend.version]))}"]`);
});
