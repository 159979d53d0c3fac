import type { Browser } from "@playwright/test";
import { randomUUID } from "node:crypto";
import { keys } from "../lab-app/app/fuzz/keys.ts";
import type { Server } from "../support/server.ts";
import { settle, waitUntilSilent } from "./check.ts";
import { createModel, type Model } from "./model.ts";
import { isPossible, play, predict, type Step, stepKinds } from "./steps.ts";
import { World } from "./world.ts";

/** Of what happened before a failure. */
const maxTraceLines = 60;

export type DrawOptions = {
  /** Gives numbers from 0 to 1. */
  random: () => number;
  stepCount: number;
  /** Steps that contain one of these texts, as {@link describe} writes them, are not drawn. */
  without: readonly string[];
};

/** Draws steps that are possible one after the other. */
export function drawSequence(options: DrawOptions): Step[] {
  const model = createModel();
  return Array.from({ length: options.stepCount }, () => {
    const step = drawStep(options, model);
    predict(step, model);
    return step;
  });
}

function drawStep({ random, without }: DrawOptions, model: Model): Step {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  const tab = pick([...model.tabs.keys()]);
  const possible = Object.entries(stepKinds)
    .map(([kind, { weight, choices }]) => {
      const isWanted = (what: string): boolean =>
        !without.some((text) => describe({ kind, tab, what, isRushed: false }).includes(text));
      return { kind, weight, choices: choices(model.tabs[tab]!, model).filter(isWanted) };
    })
    .filter(({ choices }) => choices.length > 0);
  let left = random() * possible.reduce((sum, { weight }) => sum + weight, 0);
  const { kind, choices } = possible.find(({ weight }) => (left -= weight) < 0) ?? possible.at(-1)!;
  return { kind, tab, what: pick(choices), isRushed: random() < 0.5 };
}

/** Plays a sequence in a browser of its own; returns what went wrong, undefined when nothing did. */
export async function playSequence(
  browser: Browser,
  server: Server,
  steps: readonly Step[],
): Promise<string | undefined> {
  const world = await World.start(browser, server, randomUUID());
  const model = createModel();
  let last = "opening the first tab";
  try {
    await world.open("plain");
    for (const [index, step] of steps.entries()) {
      last = `step ${index + 1} (${describe(step)})`;
      world.note(undefined, last);
      await play(world, step, model);
    }
    last = "the end, when everything is well again";
    await heal(world, model);
  } catch (error) {
    const trace = world.trace.slice(-maxTraceLines).map((line) => `  ${line}\n`);
    return `After ${last}: ${error instanceof Error ? error.message : String(error)}\nWhat has happened before:\n${trace.join("")}`;
  } finally {
    await world.stop();
  }
  return undefined;
}

/** At the end all tabs are shown, are right, hear of whatever else is written, and then ask for nothing. */
async function heal(world: World, model: Model): Promise<void> {
  const rest = ["the network is back", "the network is fast"].map((kind) => ({
    kind,
    tab: 0,
    what: "",
    isRushed: true,
  }));
  const shown = model.tabs.map((_, tab) => ({ kind: "show", tab, what: "", isRushed: true }));
  for (const step of [...rest, ...shown]) if (isPossible(step, model)) await play(world, step, model);
  await settle(world, model);
  for (const key of keys) await play(world, { kind: "somebody else writes", tab: 0, what: key, isRushed: true }, model);
  await settle(world, model);
  await waitUntilSilent(world);
}

/**
 * A shorter sequence that goes wrong as well: leaves out halves, quarters, and single steps for as long as there is time. What becomes
 * impossible without another step is left out with it.
 */
export async function shorten(
  steps: readonly Step[],
  fails: (steps: readonly Step[]) => Promise<boolean>,
  budgetMs: number,
): Promise<readonly Step[]> {
  const endAt = performance.now() + budgetMs;
  let shortest = steps;
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < shortest.length;) {
      if (performance.now() > endAt) return shortest;
      const rest = possibleOf(shortest.filter((_, index) => index < start || index >= start + size));
      if (rest.length < shortest.length && (await fails(rest))) shortest = rest;
      else start += size;
    }
  }
  return shortest;
}

function possibleOf(steps: readonly Step[]): Step[] {
  const model = createModel();
  return steps.filter((step) => {
    if (!isPossible(step, model)) return false;
    predict(step, model);
    return true;
  });
}

/** As one line for people, which {@link parseStep} reads. */
export function describe({ kind, tab, what, isRushed }: Step): string {
  return `tab ${tab}: ${kind}${what && ` "${what}"`}${isRushed ? ", and at once" : ""}`;
}

export function parseStep(line: string): Step {
  const [, tab, kind, what = "", rushed] = /^tab (\d): ([^",]+?)(?: "(.*)")?(, and at once)?$/.exec(line.trim()) ?? [];
  if (stepKinds[kind ?? ""] === undefined) throw new Error(`"${line}" is no step.`);
  return { kind: kind!, tab: Number(tab), what, isRushed: rushed !== undefined };
}
