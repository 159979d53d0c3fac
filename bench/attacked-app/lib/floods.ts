import { setTimeout as sleep } from "node:timers/promises";
import { createMemoryBackend, effect, namespace } from "kawa";
import { createReactiveStateActor, initReactiveBackend } from "kawa/rivetkit";
import { setup } from "rivetkit";
import "./backend.ts";

const unhooked = initReactiveBackend({
  registry: setup({ use: { flooded: createReactiveStateActor() } }),
  actorName: "flooded",
  global: false,
});
const context = { userId: "flood" };

const own = namespace("flood");
const plain = namespace("flood", { backend: unhooked });
const memory = namespace("flood", { backend: createMemoryBackend("flood") });
const signal = { hooked: own.signal("n", 0), plain: plain.signal("n", 0), memory: memory.signal("n", 0) };
const family = plain.family((index: number) => ({ key: `member:${index}`, default: 0 }));

async function loopOfEffect(): Promise<void> {
  await signal.plain.get();
  const stop = effect(() => void signal.plain.set(signal.plain.value + 1));
  await sleep(300);
  stop();
}

/** What an app may do in a loop, one after the other. */
export const floods: Readonly<Record<string, (n: number) => Promise<unknown>>> = {
  set: (n) => signal.plain.set(n),
  "set with hooks": (n) => signal.hooked.set(n, { context }),
  update: () => signal.plain.update((n) => n + 1),
  "set and delete": (n) => (n % 2 === 0 ? signal.plain.set(n) : signal.plain.delete()),
  "set of a family": (n) => family(n % 1_000).set(n),
  "64 sets at once": (n) => Promise.all(Array.from({ length: 64 }, (_, index) => family(index).set(n))),
  get: () => signal.plain.get(),
  "set in memory": (n) => signal.memory.set(n),
  "an effect that writes what it reads": loopOfEffect,
};
