import { type Key, keys } from "../lab-app/app/fuzz/keys.ts";
import { settle, waitUntilAnswered, waitUntilThere } from "./check.ts";
import { createTab, go, type Model, push, pushState, reload, replaceState, shownBy, type Tab } from "./model.ts";
import { addresses, linkedFrom, pageOf } from "./screens.ts";
import type { World } from "./world.ts";

/** One thing that somebody does, or that happens. */
export type Step = {
  readonly kind: string;
  /** Index of the tab that it happens in. */
  readonly tab: number;
  /** What of the kind: an address, a key, a button. */
  readonly what: string;
  /** The next step does not wait until all screens are right. */
  readonly isRushed: boolean;
};

type StepKind = {
  /** How often it is drawn, beside the others. */
  readonly weight: number;
  /** What can be done now, in this tab; nothing when it is impossible. */
  readonly choices: (tab: Tab, model: Model) => readonly string[];
  /** What it does to the model. */
  readonly predict: (tab: Tab, what: string, model: Model) => void;
  /** What it does to the world. */
  readonly play: (world: World, step: Step, model: Model) => Promise<void>;
  /** Waits for what it would end: see {@link waitUntilAnswered}. */
  readonly endsRequests?: boolean;
};

const when = (isPossible: boolean): readonly string[] => (isPossible ? [""] : []);
const isUsed = (tab: Tab, model: Model): boolean => model.isOnline && !tab.isHidden;
const tabOf = (world: World, { tab }: Step) => world.pages[tab]!;

function addTo(model: Model, key: Key, amount = 1): void {
  model.counters[key] += amount;
  // What the gate does not let through is not kept.
  if (key === "gate") for (const tab of model.tabs) if (pageOf(shownBy(tab).screen) === "gate") tab.note = undefined;
}

/** The app gives a page that has its own address another one. */
function giveAddress(way: "pushState" | "replaceState"): Pick<StepKind, "choices" | "play"> {
  const addressOf = (tab: Tab): string => shownBy(tab).address;
  return {
    choices: (tab, model) => when(isUsed(tab, model) && linkedFrom(addressOf(tab)) === addressOf(tab)),
    play: (world, step, model) => world.write(tabOf(world, step), way, addressOf(model.tabs[step.tab]!)),
  };
}

/** The buttons of the pages `action`: what each adds to, and where it leads. */
const actions: Readonly<Record<string, { key: Key; target?: string }>> = {
  write: { key: "c" },
  writeSlowly: { key: "c" },
  "go:plain": { key: "a", target: "plain" },
  "go:segment": { key: "a", target: "segment" },
  "goSlowly:plain": { key: "a", target: "plain" },
  "goSlowly:segment": { key: "a", target: "segment" },
};

const burstLength = 5;
const maxTabs = 3;

export const stepKinds: Readonly<Record<string, StepKind>> = {
  "somebody else writes": {
    weight: 10,
    choices: () => keys,
    predict: (_, key, model) => addTo(model, key as Key),
    play: (world, { what }) => world.add(what as Key),
  },
  "somebody else writes often": {
    weight: 3,
    choices: () => keys,
    predict: (_, key, model) => addTo(model, key as Key, burstLength),
    play: async (world, { what }) =>
      void (await Promise.all(Array.from({ length: burstLength }, () => world.add(what as Key)))),
  },
  visit: {
    weight: 12,
    choices: (tab, model) => {
      const { address } = shownBy(tab);
      return isUsed(tab, model) ? addresses.filter((target) => target !== linkedFrom(address)) : [];
    },
    predict: (tab, address) => push(tab, address),
    play: (world, step) => world.click(tabOf(world, step), `[data-to="${step.what}"]`),
  },
  "open a photo": {
    weight: 6,
    choices: (tab, model) => when(isUsed(tab, model) && shownBy(tab).screen === "feed"),
    predict: (tab) => push(tab, "feed/photo"),
    play: (world, step) => world.click(tabOf(world, step), '[data-to="feed/photo"]'),
  },
  back: {
    weight: 5,
    choices: (tab, model) => when(isUsed(tab, model) && tab.at > 0),
    predict: (tab) => go(tab, -1),
    play: (world, step) => tabOf(world, step).evaluate(() => history.back()),
  },
  forward: {
    weight: 3,
    choices: (tab, model) => when(isUsed(tab, model) && tab.at < tab.history.length - 1),
    predict: (tab) => go(tab, 1),
    play: (world, step) => tabOf(world, step).evaluate(() => history.forward()),
  },
  "push a state": { weight: 3, predict: pushState, ...giveAddress("pushState") },
  "replace a state": { weight: 2, predict: replaceState, ...giveAddress("replaceState") },
  // As an app does it by `router.refresh()`.
  refresh: {
    weight: 2,
    choices: (tab, model) => when(isUsed(tab, model)),
    predict: () => {},
    play: (world, step) => world.refresh(tabOf(world, step)),
  },
  act: {
    weight: 14,
    choices: (tab, model) =>
      isUsed(tab, model) && shownBy(tab).address.startsWith("action") ? Object.keys(actions) : [],
    predict: (tab, what, model) => {
      const { key, target } = actions[what]!;
      addTo(model, key);
      if (target !== undefined) push(tab, target);
    },
    play: (world, step) => world.click(tabOf(world, step), `[data-do="${step.what}"]`),
    // Actions are answered one after the other.
    endsRequests: true,
  },
  press: {
    weight: 5,
    choices: (tab, model) => (isUsed(tab, model) && linkedFrom(shownBy(tab).address) === "client" ? ["a", "c"] : []),
    predict: (_, key, model) => addTo(model, key as Key),
    play: (world, step) => world.click(tabOf(world, step), `[data-do="press:${step.what}"]`),
  },
  type: {
    weight: 4,
    choices: (tab) =>
      !tab.isHidden && pageOf(shownBy(tab).screen) !== "gate" ? ["half a sen", "half a sentence"] : [],
    predict: (tab, text) => void (tab.note = text),
    play: (world, step) => tabOf(world, step).locator("[data-note]").fill(step.what),
  },
  reload: {
    weight: 2,
    choices: (tab, model) => when(isUsed(tab, model)),
    predict: (tab) => reload(tab),
    play: async (world, step) => {
      await tabOf(world, step).reload();
      await world.waitUntilUsable(tabOf(world, step));
    },
    endsRequests: true,
  },
  hide: {
    weight: 3,
    choices: (tab) => when(!tab.isHidden),
    predict: (tab) => void (tab.isHidden = true),
    play: (world, step) => world.hide(tabOf(world, step), true),
  },
  show: {
    weight: 8,
    choices: (tab) => when(tab.isHidden),
    predict: (tab) => void (tab.isHidden = false),
    play: (world, step) => world.hide(tabOf(world, step), false),
  },
  "open a tab": {
    weight: 3,
    choices: (_, model) => (model.isOnline && model.tabs.length < maxTabs ? addresses : []),
    predict: (_, address, model) => void model.tabs.push(createTab(address)),
    play: (world, { what }) => world.open(what),
  },
  "close the tab": {
    weight: 1,
    choices: (_, model) => when(model.tabs.length > 1),
    predict: (tab, _, model) => void model.tabs.splice(model.tabs.indexOf(tab), 1),
    play: async (world, { tab }) => void (await world.pages.splice(tab, 1)[0]!.close()),
    endsRequests: true,
  },
  "the tab crashes": {
    weight: 2,
    choices: (_, model) => when(model.tabs.length > 1),
    predict: (tab, _, model) => void model.tabs.splice(model.tabs.indexOf(tab), 1),
    play: (world, { tab }) => world.crash(world.pages.splice(tab, 1)[0]!),
    endsRequests: true,
  },
  "the shared worker ends": {
    weight: 2,
    choices: () => [""],
    predict: () => {},
    play: (world) => world.endWorkers(),
  },
  "the network is lost": {
    weight: 2,
    choices: (_, model) => when(model.isOnline),
    predict: (_, __, model) => void (model.isOnline = false),
    play: async (world) => {
      world.network.cut();
      await world.context.setOffline(true);
    },
    endsRequests: true,
  },
  "the network is back": {
    weight: 8,
    choices: (_, model) => when(!model.isOnline),
    predict: (_, __, model) => void (model.isOnline = true),
    play: async (world) => {
      world.network.mend();
      await world.context.setOffline(false);
    },
  },
  "the network is slow": {
    weight: 3,
    choices: (_, model) => when(!model.isSlow),
    predict: (_, __, model) => void (model.isSlow = true),
    play: async (world) => void (world.network.lagMs = 150),
  },
  "the network is fast": {
    weight: 3,
    choices: (_, model) => when(model.isSlow),
    predict: (_, __, model) => void (model.isSlow = false),
    play: async (world) => void (world.network.lagMs = 0),
  },
  "the server crashes": {
    weight: 1,
    choices: (_, model) => when(model.restartCount === 0),
    predict: (_, __, model) => void (model.restartCount += 1),
    play: async (world) => {
      await world.server.kill();
      await world.server.start();
    },
    endsRequests: true,
  },
};

/** True when the step can be done. */
export function isPossible({ kind, tab, what }: Step, model: Model): boolean {
  const isThere = model.tabs[tab] !== undefined;
  return isThere && stepKinds[kind]!.choices(model.tabs[tab]!, model).includes(what);
}

/** Does the step to the model. */
export function predict({ kind, tab, what }: Step, model: Model): void {
  stepKinds[kind]!.predict(model.tabs[tab]!, what, model);
}

/** Does the step to both. */
export async function play(world: World, step: Step, model: Model): Promise<void> {
  const kind = stepKinds[step.kind]!;
  // Where the last click has not been answered, it is not told what a second one does.
  if (model.isOnline) await waitUntilThere(world, model, step.tab);
  if (kind.endsRequests) await waitUntilAnswered(world, model);
  predict(step, model);
  await kind.play(world, step, model);
  if (!step.isRushed) await settle(world, model);
}
