import { setTimeout as sleep } from "node:timers/promises";
import { attackList } from "./attack-list.ts";
import { Attacker, type Target } from "./attacker.ts";
import { cores, moveToCore } from "./cores.ts";
import { serveOperations } from "./forked.ts";

/** What the attacker was answered, and how often; how much what it held open was sent. */
export type Answers = { readonly counts: Readonly<Record<string, number>>; readonly bytes: number };

let attacker: Attacker | undefined;

const operations = {
  async pin(): Promise<void> {
    moveToCore(cores.clients);
  },
  async prepare(index: number, target: Target): Promise<void> {
    await attackList[index]!.prepare?.(new Attacker(target));
  },
  /** Resolves when all is answered, or the time is over; what is open stays open. */
  async attack(index: number, target: Target, timeoutMs: number): Promise<void> {
    attacker = new Attacker(target);
    await Promise.race([attackList[index]!.run(attacker), sleep(timeoutMs, undefined, { ref: false })]);
  },
  async release(): Promise<Answers> {
    const { counts, bytes } = attacker!;
    attacker!.release();
    return { counts, bytes };
  },
  async cleanUp(index: number, target: Target): Promise<void> {
    await attackList[index]!.cleanUp?.(new Attacker(target));
  },
};

export type AttackClientOperations = typeof operations;

serveOperations(operations);
