"use server";
import { setTimeout as sleep } from "node:timers/promises";
import { labCounter } from "../../../../../lib/signals.ts";

/** Writes how far it is, a step each time that the gate is opened by one; ends after the third. */
export async function work(name: string): Promise<string> {
  for (let step = 1; step <= 3; step += 1) {
    await labCounter(name).set(step);
    while ((await labCounter(`${name}-gate`).get()) < step) await sleep(20);
  }
  return "done";
}
