import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "./cluster.ts";
import type { Server } from "./server.ts";

const endCount = 30;
const signals = ["SIGKILL", "SIGTERM"] as const;
/** Longest pause before the next one ends. */
const maxPauseMs = 4_000;

function oneOf<T>(choices: readonly T[]): T {
  return choices[Math.floor(Math.random() * choices.length)]!;
}

/** A supervisor starts it as often as it takes. */
async function start(server: Server, keys: readonly string[]): Promise<void> {
  for (;;) {
    try {
      return await server.restart(keys);
    } catch {
      await server.endBy("SIGKILL");
    }
  }
}

/** Servers and engines end in any order and by any signal, and are started again at once; some while others are starting. */
export async function endAtRandom({ servers, engines, keys }: Cluster): Promise<void> {
  const starting = new Map<Server, Promise<void>>();
  for (let count = 0; count < endCount; count += 1) {
    const signal = oneOf(signals);
    const victim = oneOf([...servers, ...engines]);
    if ("endpoint" in victim) {
      await victim.endBy(signal);
      victim.spawn();
    } else if (!starting.has(victim)) {
      await victim.endBy(signal);
      starting.set(
        victim,
        start(victim, keys).finally(() => starting.delete(victim)),
      );
    }
    await sleep(Math.random() * maxPauseMs);
  }
  await Promise.all(starting.values());
}
