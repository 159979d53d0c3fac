import { AsyncLocalStorage } from "node:async_hooks";
import { clip, KawaError } from "../errors/errors.ts";
import { processState } from "../process/process-state.ts";
import { react, untracked as graphUntracked } from "../process/reactive.ts";
import { type Read, type Readable, readForAll, trackReads } from "../backend/reads.ts";
import type { Entry } from "../backend/backend.ts";

/** Something that runs again when a signal that it has read changes. */
export type Runner = {
  readonly name: () => string;
  /** What it read in its last run, with the entries of then. Empty until it has written something. */
  reads: ReadonlyMap<Readable<unknown>, Entry | undefined>;
  /** The newest write when its last run began. */
  seenWrite: number;
  hasWritten: boolean;
};

/** One run. Before it, `depth` runs in a row were each caused by a write of the one before, and by no other. */
type EffectRun = {
  readonly runner: Runner;
  readonly depth: number;
  readonly since: number;
  /** The same for all runs until the next microtask. */
  readonly block: object;
  readonly depthInBlock: number;
};

type Frame = { readonly runner: Runner; readonly seenBefore: number; run: EffectRun | undefined };
type NotedWrite = {
  readonly id: number;
  readonly signal: Read;
  readonly by: EffectRun;
  readonly before: Entry;
  /** False while it may still be about to change the signal. */
  isSettled: boolean;
};
type LoopState = {
  frame: Frame | undefined;
  count: number;
  block: object | undefined;
  readonly written: WeakMap<object, NotedWrite>;
};

/** Most runs in one go, as where signals live in memory. The reactive graph itself gives up after 100, with an error without a name. */
const maxDepthInBlock = 90;
const maxDepth = 500;
/** As many runs in a longer time are no loop: a clock, for instance. In milliseconds. */
const windowMs = 10_000;

const state = processState<LoopState>("effect-loops", () => ({
  frame: undefined,
  count: 0,
  block: undefined,
  written: new WeakMap(),
}));

/** The run that the caller is a part of, also after it has waited. */
const effectScope = processState("effect-scope", () => new AsyncLocalStorage<Frame>());

/** True in an effect, and in what it has started. */
export function isInEffect(): boolean {
  return (state.frame ?? effectScope.getStore()) !== undefined;
}

const noReads: Runner["reads"] = new Map();

export function createRunner(name: () => string): Runner {
  return { name, reads: noReads, seenWrite: 0, hasWritten: false };
}

/** Called before a signal is written: notes which run writes it. */
export function noteWrite(signal: Read): void {
  const frame = state.frame ?? effectScope.getStore();
  if (!frame) return;
  frame.runner.hasWritten = true;
  frame.run ??= begin(frame);
  state.count += 1;
  state.written.set(signal, {
    id: state.count,
    signal,
    by: frame.run,
    before: untracked(() => entryNow(signal)),
    isSettled: false,
  });
}

/** Called when the write of a signal has begun. */
export function noteWritten(signal: object, work: Promise<unknown>): void {
  const written = state.written.get(signal);
  if (!written || written.isSettled) return;
  const settle = (): void => void (written.isSettled = true);
  // A write in memory is done already.
  if (untracked(() => entryNow(written.signal)) !== written.before) settle();
  else work.then(settle, settle);
}

function entryNow({ backend, key }: Read): Entry {
  return backend.entry(key).peek();
}

function entryNowOf(read: Readable<unknown>): Entry | undefined {
  return "backend" in read ? untracked(() => entryNow(read as Readable<unknown> & Read)) : undefined;
}

/**
 * Runs `fn`, whose reads are not tracked: the effect or computed value that calls it does not run again because of them. Returns what `fn`
 * returns. For one signal `signal.peek()` does the same.
 *
 * @example
 * effect(() => {
 *   console.log(score.value, untracked(() => `${player.value} of ${team.value}`));
 * });
 */
export function untracked<T>(fn: () => T): T {
  return trackReads(undefined, () => graphUntracked(fn));
}

/**
 * Runs an effect or a computed value, and notes what it reads and writes.
 *
 * @throws {KawaError} EFFECT_LOOP - it has run again and again because of what it has written
 */
export function runAs<T>(runner: Runner, fn: () => T, within: (frame: Frame, fn: () => T) => T = (_, run) => run()): T {
  const frame: Frame = { runner, seenBefore: runner.seenWrite, run: undefined };
  // Most effects never write: why they run does not matter.
  if (runner.hasWritten) frame.run = begin(frame);
  runner.seenWrite = state.count;
  const { frame: outer } = state;
  const reads = runner.hasWritten ? new Set<Readable<unknown>>() : undefined;
  state.frame = frame;
  try {
    if (frame.run) checkRun(frame.run, frame);
    return trackReads(reads, () => within(frame, fn));
  } finally {
    state.frame = outer;
    runner.reads = reads ? new Map([...reads].map((read) => [read, entryNowOf(read)])) : noReads;
  }
}

/**
 * An effect that is stopped, and reported, when it runs without end because of what it writes. Returns how to stop it.
 *
 * @param of its name, or what it is a subscription of
 */
export function guardedEffect(of: (() => string) | object, fn: () => void | (() => void)): () => void {
  const runner = createRunner(typeof of === "function" ? (of as () => string) : () => subscriptionOf(of));
  const held: { stop?: () => void } = {};
  let isStopped = false;
  const run = (): void | (() => void) => {
    const cleanUp = runAs<void | (() => void)>(runner, fn, (frame, inner) => effectScope.run(frame, inner));
    return typeof cleanUp === "function" ? () => readForAll(cleanUp) : undefined;
  };
  const stop = react(() => {
    try {
      return readForAll(run);
    } catch (error) {
      if (!loops.has(error as object) || loops.get(error as object) !== runner) throw error;
      isStopped = true;
      held.stop?.();
      console.error("[kawa]", error);
      return undefined;
    }
  });
  held.stop = stop;
  if (isStopped) stop();
  return stop;
}

/** Runners that have run without end, by their errors. */
const loops = new WeakMap<object, Runner>();

/** The writes of effects that caused a run: of signals that the runner read in its last run, and that an effect has written since. */
function causesOf({ runner, seenBefore }: Frame): NotedWrite[] {
  return [...runner.reads.keys()].flatMap((read) => writtenSince(read, seenBefore) ?? []);
}

function writtenSince(read: Readable<unknown>, seenBefore: number): NotedWrite | undefined {
  const written = state.written.get(read);
  return written && (written.id > seenBefore || !written.isSettled) ? written : undefined;
}

/** True where something other than an effect has changed a signal too: the run would happen anyway, so it is no loop. */
function isCausedByOthers({ runner, seenBefore }: Frame): boolean {
  return [...runner.reads].some(([read, before]) => !writtenSince(read, seenBefore) && entryNowOf(read) !== before);
}

function begin(frame: Frame): EffectRun {
  const { runner } = frame;
  const now = performance.now();
  const block = currentBlock();
  const cause = causesOf(frame).reduce<EffectRun | undefined>(
    (deepest, { by }) => (deepest && deepest.depth >= by.depth ? deepest : by),
    undefined,
  );
  if (!cause || now - cause.since > windowMs) return { runner, depth: 0, since: now, block, depthInBlock: 0 };
  const step = isCausedByOthers(frame) ? 0 : 1;
  return {
    runner,
    depth: cause.depth + step,
    since: cause.since,
    block,
    depthInBlock: cause.block === block ? cause.depthInBlock + step : 0,
  };
}

function checkRun({ runner, depth, since, depthInBlock }: EffectRun, frame: Frame): void {
  if (depth < maxDepth && depthInBlock < maxDepthInBlock) return;
  const causes = causesOf(frame).map(({ signal, by }) => {
    const key = clip(signal.key);
    return by.runner === runner ? `"${key}", which it writes itself` : `"${key}", which ${by.runner.name()} writes`;
  });
  const error = new KawaError(
    "EFFECT_LOOP",
    `${capital(runner.name())} was stopped: it has run ${depth} times in ${Math.round(performance.now() - since)} ms because of its ` +
      `own writes. It reads ${causes.join(", and ")}. Read a signal that it only writes with peek(), or write only if the value differs.`,
  );
  loops.set(error, runner);
  throw error;
}

function currentBlock(): object {
  if (!state.block) {
    state.block = {};
    queueMicrotask(() => (state.block = undefined));
  }
  return state.block;
}

function subscriptionOf(source: { readonly key?: string }): string {
  return `a subscription of ${source.key === undefined ? "a computed value" : `"${clip(source.key)}"`}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A name for messages, such as `the effect mirrorScore (lib/score.ts:5:1)`. */
export function nameOf(kind: string, name: string, stack?: string): string {
  const frame = stack?.split("\n").find((line) => line.trim().startsWith("at "));
  const place = frame && (/\((.*)\)$/.exec(frame)?.[1] ?? frame.trim().slice(3));
  return `the ${kind}${name ? ` ${name}` : ""}${place ? ` (${place})` : ""}`;
}
