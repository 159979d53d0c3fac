import fc from "fast-check";
import type { CommitFate } from "./unlucky-actor.ts";
import type { FrameFate } from "./unlucky-wire.ts";

const writes = [
  "set",
  "update",
  "append",
  "delete",
  "deleteExpected",
  "clear",
  "updateThatThrows",
  "updateToNothing",
  "setToNothing",
] as const;
const reads = ["load", "keys", "entries", "snapshot"] as const;
const accidents = ["cut", "sleep", "kill", "move"] as const;

type Kind = (typeof writes)[number] | (typeof reads)[number] | (typeof accidents)[number];
export type Step = { readonly kind: Kind; readonly writer: 0 | 1; readonly key: string; readonly pauseMs: number };
export type Mode = "no hooks" | "hooks of writes" | "hooks of everything" | "hooks that come and go";
export type Scenario = {
  readonly steps: readonly Step[];
  readonly frames: readonly FrameFate[];
  readonly commits: readonly CommitFate[];
  readonly hookDelays: readonly number[];
  /** What `Math.random` gives, so that a counterexample can be played again. */
  readonly chances: readonly number[];
  readonly isLocal: boolean;
  readonly hasSmallMessages: boolean;
  readonly hasJournal: boolean;
  readonly hasShortMemory: boolean;
};

export const keys = ["shared:a", "shared:b", "own:0", "own:1", "own:0:x", "own:1:x"];

const often = <T>(weight: number, value: T) => ({ weight, arbitrary: fc.constant(value) });
const oneOf = <T>(weight: number, values: readonly T[]) => ({ weight, arbitrary: fc.constantFrom(...values) });

const step = fc.record<Step>({
  kind: fc.oneof(
    oneOf<Kind>(16, ["set", "update", "append"]),
    oneOf<Kind>(7, writes),
    often<Kind>(2, "clear"),
    oneOf<Kind>(4, reads),
    oneOf<Kind>(3, accidents),
  ),
  writer: fc.constantFrom(0, 1),
  key: fc.constantFrom("shared:a", "shared:a", "shared:b", ...keys),
  pauseMs: fc.oneof(often(10, 0), often(4, 1), oneOf(4, [4, 9, 60]), oneOf(1, [3_100, 12_000])),
});

/** What two servers do, and what becomes of it. */
export const scenario = fc.record<Scenario>({
  steps: fc.array(step, { minLength: 1, maxLength: 30, size: "max" }),
  frames: fc.array(
    fc.oneof(
      often<FrameFate>(24, "prompt"),
      oneOf<FrameFate>(8, ["slow", "slower"]),
      oneOf<FrameFate>(3, ["stalled", "lost", "cut", "delivered, then cut"]),
    ),
    { maxLength: 120, size: "max" },
  ),
  commits: fc.array(
    fc.oneof(
      oneOf<CommitFate>(10, ["done", "slow"]),
      oneOf<CommitFate>(3, [
        "refused",
        "answer lost",
        "answer lost, then unreachable",
        "hangs, then done",
        "hangs, then refused",
        "killed before",
        "killed after",
      ]),
    ),
    { maxLength: 20, size: "max" },
  ),
  hookDelays: fc.array(fc.constantFrom(0, 0, 0, 0, 0, 5, 5, 30, 11_000), { maxLength: 30 }),
  chances: fc.array(fc.constantFrom(0.5, 0, 0.25, 0.75, 0.999), { maxLength: 20 }),
  isLocal: fc.boolean(),
  hasSmallMessages: fc.boolean(),
  hasJournal: fc.boolean(),
  hasShortMemory: fc.boolean(),
});

const noAccident: Scenario = {
  steps: [],
  frames: [],
  commits: [],
  hookDelays: [],
  chances: [],
  isLocal: false,
  hasSmallMessages: false,
  hasJournal: false,
  hasShortMemory: false,
};

/** A clear comes while writes of its keys are held up by their hooks, and others come after it. */
const clearBesideSlowHooks: Scenario = {
  ...noAccident,
  steps: [
    { kind: "set", writer: 0, key: "own:0", pauseMs: 0 },
    { kind: "update", writer: 0, key: "own:0:x", pauseMs: 9 },
    { kind: "set", writer: 0, key: "shared:a", pauseMs: 0 },
    { kind: "clear", writer: 0, key: "own:0", pauseMs: 0 },
    { kind: "set", writer: 0, key: "own:0:x", pauseMs: 0 },
    { kind: "clear", writer: 0, key: "shared:b", pauseMs: 4 },
    { kind: "update", writer: 0, key: "own:0", pauseMs: 0 },
    { kind: "update", writer: 1, key: "shared:a", pauseMs: 0 },
  ],
  hookDelays: [0, 11_000, 30, 0, 5, 11_000],
};

/** Orders of events that are too rare to be met by chance. */
export const rareScenarios: readonly Scenario[] = [
  clearBesideSlowHooks,
  { ...clearBesideSlowHooks, isLocal: true },
  {
    ...clearBesideSlowHooks,
    steps: clearBesideSlowHooks.steps.toSpliced(6, 0, { kind: "kill", writer: 0, key: "own:0", pauseMs: 60 }),
  },
  // An update finds a key that is deleted in its own commit.
  {
    ...noAccident,
    steps: [
      { kind: "update", writer: 1, key: "own:1:x", pauseMs: 3_100 },
      { kind: "sleep", writer: 0, key: "own:1:x", pauseMs: 0 },
      { kind: "set", writer: 0, key: "own:1:x", pauseMs: 1 },
      { kind: "delete", writer: 0, key: "own:1:x", pauseMs: 1 },
      { kind: "set", writer: 1, key: "shared:a", pauseMs: 0 },
      { kind: "load", writer: 0, key: "shared:a", pauseMs: 0 },
    ],
    commits: ["done", "killed before", "slow", "slow"],
    chances: [0.5, 0.5, 0.5, 0, 0],
    isLocal: true,
  },
  // An update hears when its time is over that it has lost.
  {
    ...noAccident,
    steps: [
      { kind: "update", writer: 1, key: "shared:a", pauseMs: 0 },
      { kind: "set", writer: 0, key: "shared:a", pauseMs: 4 },
    ],
    frames: [
      ...["prompt", "prompt", "stalled", "stalled", "prompt", "prompt", "slow", "stalled", "stalled", "prompt"],
      ...["prompt", "prompt", "slow", "prompt", "prompt", "prompt", "prompt", "prompt", "stalled"],
    ] as FrameFate[],
    commits: ["done", "hangs, then refused"],
  },
  // A clear reaches an incarnation that was replaced, and that does not know what there is to clear.
  {
    ...noAccident,
    steps: [
      { kind: "move", writer: 0, key: "own:0", pauseMs: 2_900 },
      { kind: "set", writer: 0, key: "own:0", pauseMs: 200 },
      { kind: "clear", writer: 1, key: "own:0", pauseMs: 500 },
    ],
    frames: [...Array.from({ length: 10 }, (): FrameFate => "prompt"), "cut"],
  },
  // A delete of nothing is held up, and meanwhile the actor forgets since when there is nothing.
  {
    ...noAccident,
    steps: [
      { kind: "delete", writer: 0, key: "shared:a", pauseMs: 0 },
      { kind: "delete", writer: 0, key: "shared:a", pauseMs: 4 },
      { kind: "clear", writer: 0, key: "shared:a", pauseMs: 0 },
      { kind: "deleteExpected", writer: 1, key: "own:1", pauseMs: 4 },
      { kind: "set", writer: 0, key: "shared:a", pauseMs: 0 },
    ],
    frames: [
      ...["slower", "prompt", "prompt", "stalled", "prompt", "prompt", "prompt", "prompt", "prompt", "prompt"],
      "stalled",
    ] as FrameFate[],
    hookDelays: [11_000],
    chances: [0.5, 0.25],
    isLocal: true,
    hasShortMemory: true,
  },
  // A snapshot shows that there is no value, and then learns since when.
  {
    ...noAccident,
    steps: [
      { kind: "set", writer: 0, key: "shared:a", pauseMs: 60 },
      { kind: "delete", writer: 0, key: "shared:b", pauseMs: 1 },
      { kind: "sleep", writer: 0, key: "shared:a", pauseMs: 4 },
      { kind: "snapshot", writer: 0, key: "shared:a", pauseMs: 0 },
      { kind: "set", writer: 0, key: "shared:a", pauseMs: 4 },
    ],
    hookDelays: [11_000],
    chances: [0.5, 0.5, 0.25],
    isLocal: true,
    hasSmallMessages: true,
    hasShortMemory: true,
  },
  // A delete is folded into the set after it, which another server's overwrites in the same commit.
  {
    ...noAccident,
    steps: [
      { kind: "set", writer: 0, key: "shared:b", pauseMs: 0 },
      { kind: "set", writer: 0, key: "shared:a", pauseMs: 3_100 },
      { kind: "deleteExpected", writer: 0, key: "shared:b", pauseMs: 0 },
      { kind: "set", writer: 1, key: "shared:b", pauseMs: 0 },
      { kind: "set", writer: 0, key: "shared:b", pauseMs: 0 },
    ],
  },
  // Hooks go, and a write that they held up is given up before it was sent: it must not come after a later one.
  {
    ...noAccident,
    steps: [
      { kind: "set", writer: 1, key: "own:0", pauseMs: 0 },
      { kind: "set", writer: 1, key: "own:0", pauseMs: 4 },
      { kind: "set", writer: 1, key: "shared:a", pauseMs: 0 },
      { kind: "set", writer: 0, key: "shared:a", pauseMs: 0 },
      { kind: "set", writer: 0, key: "shared:a", pauseMs: 12_000 },
      { kind: "set", writer: 1, key: "own:0", pauseMs: 0 },
      { kind: "set", writer: 0, key: "shared:a", pauseMs: 0 },
    ],
    frames: [...Array.from({ length: 9 }, (): FrameFate => "prompt"), "slow", "stalled"],
    commits: ["done", "killed before", "done", "killed after", "hangs, then refused", "hangs, then done"],
    hookDelays: [0, 5],
    isLocal: true,
  },
];
