import type { Page } from "@playwright/test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Model, shownBy, type Tab } from "./model.ts";
import { pageOf, valuesOn } from "./screens.ts";
import type { Look, World } from "./world.ts";

/** A screen that says that it is live may be this much older than what is durable. */
const maxAgeMs = 5_000;
/** After this a screen that says that it is not live must be live again, when nothing is broken any more. */
const maxHealMs = 30_000;
/** A click, or an action that takes a second, must have done its work. */
const maxArrivalMs = 15_000;

const pollMs = 40;
/** More of the time between two looks does not count: nobody had a chance meanwhile. */
const maxCountedMs = 250;

/** Tabs that are right, and of which nothing has changed, must have been silent for this long ... */
const silenceMs = 1_000;
/** ... within this time. */
const maxRestlessMs = 10_000;

/** Something that must not be. */
class Violation extends Error {}

/** Polls `isDone` until it says so; false when that has not been within `timeoutMs` of counted time. */
async function poll(timeoutMs: number, isDone: (ageMs: number) => Promise<boolean>): Promise<boolean> {
  let ageMs = 0;
  while (ageMs <= timeoutMs) {
    const startedAt = performance.now();
    if (await isDone(ageMs)) return true;
    await sleep(pollMs);
    ageMs += Math.min(performance.now() - startedAt, maxCountedMs);
  }
  return false;
}

/** Resolves when the server has what the model has: no action and no write is on its way any more. */
async function waitUntilDurable(world: World, model: Model): Promise<void> {
  let found = "";
  const wanted = JSON.stringify(model.counters);
  const isDone = await poll(maxArrivalMs, async () => (found = JSON.stringify(await world.counters())) === wanted);
  if (!isDone) throw new Violation(`A write got lost, or came twice: ${found} is durable instead of ${wanted}.`);
}

/** Resolves when the tab is where the last click leads. Going back changes the address before the page. */
export async function waitUntilThere(world: World, model: Model, index: number): Promise<void> {
  const [page, tab] = [world.pages[index]!, model.tabs[index]!];
  const { address, screen } = shownBy(tab);
  let report = "";
  const isDone = await poll(maxArrivalMs, async () => {
    const seen = await look(world, page);
    report = describe(seen, tab, model);
    return seen.address === address && (seen.page === undefined || seen.page === pageOf(screen));
  });
  if (!isDone) throw new Violation(`A navigation got lost, or the page was replaced:\n${report}`);
}

/**
 * Resolves when nothing is on its way that would be lost with its page, its network or its server: no write, no action, and no page or
 * late part of it that somebody has asked for. What a refresh loses, it has to bring again.
 */
export async function waitUntilAnswered(world: World, model: Model): Promise<void> {
  await waitUntilDurable(world, model);
  if (!model.isOnline) return;
  if (!(await poll(maxArrivalMs, async () => !world.isActing))) throw new Violation("An action has no answer.");
  for (const [index, tab] of model.tabs.entries()) {
    await waitUntilThere(world, model, index);
    const wanted = keysOf(valuesOn(shownBy(tab).screen, model.counters));
    // What never comes is for settle() to tell.
    await poll(maxAgeMs, async () => keysOf((await look(world, world.pages[index]!)).values) === wanted);
  }
}

const keysOf = (values: readonly string[]): string => values.map((value) => value.split("=")[0]).join(" ");

/** Resolves when every tab that somebody sees is right, or, while the network is lost, says that it may not be. */
export async function settle(world: World, model: Model): Promise<void> {
  await waitUntilDurable(world, model);
  for (const index of model.tabs.keys()) await waitUntilThere(world, model, index);
  for (const [index, tab] of model.tabs.entries()) {
    if (tab.isHidden) continue;
    let report = "";
    const isSettled = await poll(maxHealMs, async (ageMs) => {
      const seen = await look(world, world.pages[index]!);
      const faults = faultsOf(seen, tab, model);
      report = `tab ${index} ${faults.join(", ")}\n${describe(seen, tab, model)}`;
      if (!seen.isMarked) throw new Violation(`Loaded anew: ${report}`);
      if (faults.length > 0 && seen.status === "live" && ageMs > maxAgeMs)
        throw new Violation(`Says live after ${ageMs / 1_000} s: ${report}`);
      return model.isOnline
        ? faults.length === 0 && seen.status === "live"
        : faults.length === 0 || seen.status !== "live";
    });
    if (!isSettled) throw new Violation(`Not live again after ${maxHealMs / 1_000} s: ${report}`);
  }
  if (world.errors.length > 0) throw new Violation(`Uncaught in a page: ${world.errors.join("; ")}`);
}

/** Resolves when no tab asks for anything any more. */
export async function waitUntilSilent(world: World): Promise<void> {
  const isDone = await poll(maxRestlessMs, async () => performance.now() - world.refreshedAt > silenceMs);
  if (!isDone) throw new Violation(`A tab refreshes again and again, and nothing has changed.`);
}

async function look(world: World, page: Page): Promise<Look> {
  try {
    return await world.look(page);
  } catch (error) {
    if (page.isClosed()) throw new Violation(`The tab is gone: ${error}`);
    // It is being loaded anew; the next look tells.
    return { address: page.url(), status: "loading", values: [], page: undefined, note: undefined, isMarked: true };
  }
}

function faultsOf(seen: Look, tab: Tab, model: Model): string[] {
  const { address, screen } = shownBy(tab);
  const faults: string[] = [];
  if (seen.address !== address) faults.push("is elsewhere");
  if (`${seen.values}` !== `${valuesOn(screen, model.counters)}`) faults.push("shows other values");
  if (tab.note !== undefined && seen.note !== undefined && seen.note !== tab.note)
    faults.push("has lost what was typed");
  return faults;
}

function describe(seen: Look, tab: Tab, model: Model): string {
  const { address, screen } = shownBy(tab);
  return [
    `  screen: ${seen.address} [${seen.values.join(" ")}] note ${JSON.stringify(seen.note)}, says ${seen.status}`,
    `  model:  ${address} [${valuesOn(screen, model.counters).join(" ")}] note ${JSON.stringify(tab.note)}, shows ${screen}`,
  ].join("\n");
}
