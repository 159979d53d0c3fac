import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { OwnerHeartbeat } from "./owner-heartbeat.ts";

const gapMs = 900;
let visibilityState: DocumentVisibilityState;

beforeEach(() => {
  vi.useFakeTimers();
  visibilityState = "visible";
  vi.stubGlobal("document", {
    get visibilityState() {
      return visibilityState;
    },
  });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

type Heard = "beat" | "doubt" | "no doubt" | "lost";

function createHeartbeat() {
  const said: Heard[] = [];
  const heartbeat = new OwnerHeartbeat({
    beat: () => said.push("beat"),
    onDoubt: (isInDoubt) => said.push(isInDoubt ? "doubt" : "no doubt"),
    onLost: () => said.push("lost"),
  });
  return { heartbeat, take: () => said.splice(0) };
}

/** Leads into each state. */
const reach = {
  stopped: () => {},
  starting: (heartbeat) => heartbeat.start(5_000),
  alive: (heartbeat) => {
    heartbeat.start(5_000);
    heartbeat.hear();
  },
  asked: (heartbeat) => {
    reach.alive(heartbeat);
    vi.advanceTimersByTime(gapMs);
  },
  doubtful: (heartbeat) => {
    reach.asked(heartbeat);
    vi.advanceTimersByTime(gapMs);
  },
  "asked, hidden": (heartbeat) => {
    reach.asked(heartbeat);
    visibilityState = "hidden";
    vi.advanceTimersByTime(gapMs);
  },
  "doubtful, hidden": (heartbeat) => {
    reach.doubtful(heartbeat);
    visibilityState = "hidden";
    vi.advanceTimersByTime(gapMs);
  },
} as const satisfies Record<string, (heartbeat: OwnerHeartbeat) => void>;

type State = keyof typeof reach;
type Step = "start" | "hear" | "wake" | "stop" | "silence" | "hidden silence";

/** What each step says, and what the tab hears in the silence of 3 gaps after it: which tells the state that it led to. */
const after = {
  stopped: [],
  starting: ["lost"],
  alive: ["beat", "doubt", "beat", "lost"],
  asked: ["doubt", "beat", "lost"],
  doubtful: ["lost"],
  "alive, hidden": [],
  "asked, hidden": [],
  "doubtful, hidden": [],
} as const satisfies Record<string, readonly Heard[]>;

const edges: readonly (readonly [from: State, step: Step, to: keyof typeof after, said?: readonly Heard[]])[] = [
  ["stopped", "start", "starting"],
  ["stopped", "hear", "stopped"],
  ["stopped", "wake", "stopped"],
  ["stopped", "stop", "stopped"],
  ["starting", "start", "starting"],
  ["starting", "hear", "alive"],
  ["starting", "wake", "starting"],
  ["starting", "stop", "stopped"],
  ["starting", "silence", "stopped", ["lost"]],
  ["starting", "hidden silence", "stopped", ["lost"]],
  ["alive", "start", "starting"],
  ["alive", "hear", "alive"],
  ["alive", "wake", "asked", ["beat"]],
  ["alive", "stop", "stopped"],
  ["alive", "silence", "asked", ["beat"]],
  ["alive", "hidden silence", "alive, hidden"],
  ["asked", "start", "starting"],
  ["asked", "hear", "alive"],
  ["asked", "wake", "asked", ["beat"]],
  ["asked", "stop", "stopped"],
  ["asked", "silence", "doubtful", ["doubt", "beat"]],
  ["asked", "hidden silence", "asked, hidden"],
  ["doubtful", "start", "starting"],
  ["doubtful", "hear", "alive", ["no doubt"]],
  ["doubtful", "wake", "doubtful", ["beat"]],
  ["doubtful", "stop", "stopped"],
  ["doubtful", "silence", "stopped", ["lost"]],
  ["doubtful", "hidden silence", "doubtful, hidden"],
  ["asked, hidden", "start", "starting"],
  ["asked, hidden", "hear", "alive, hidden"],
  ["asked, hidden", "wake", "asked", ["beat"]],
  ["asked, hidden", "stop", "stopped"],
  ["doubtful, hidden", "start", "starting"],
  ["doubtful, hidden", "hear", "alive, hidden", ["no doubt"]],
  ["doubtful, hidden", "wake", "doubtful", ["beat"]],
  ["doubtful, hidden", "stop", "stopped"],
];

const named = edges.map(([from, step, to, said = []]) => ({ from, step, to, said }));

describe("the heartbeat to whoever owns the stream", () => {
  it.each(named)("$from: $step leads to $to", ({ from, step, to, said }) => {
    const { heartbeat, take } = createHeartbeat();
    reach[from](heartbeat);
    take();
    if (step === "silence" || step === "hidden silence") {
      if (step === "hidden silence") visibilityState = "hidden";
      vi.advanceTimersByTime(from === "starting" ? 5_000 : gapMs);
    } else {
      if (step === "wake") visibilityState = "visible";
      if (step === "start") heartbeat.start(3 * gapMs);
      else heartbeat[step]();
    }
    expect(take()).toEqual(said);
    if (!to.endsWith("hidden")) visibilityState = "visible";
    vi.advanceTimersByTime(to === "starting" ? 5_000 : 3 * gapMs);
    expect(take()).toEqual(after[to]);
  });

  it("tells a tab that was in doubt when it was hidden that all is well, as soon as the owner answers", () => {
    const { heartbeat, take } = createHeartbeat();
    reach["doubtful, hidden"](heartbeat);
    take();
    visibilityState = "visible";
    heartbeat.wake();
    heartbeat.hear();
    expect(take()).toEqual(["beat", "no doubt"]);
  });
});
