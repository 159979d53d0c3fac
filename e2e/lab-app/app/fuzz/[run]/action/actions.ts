"use server";
import { redirect } from "next/navigation";
import { setTimeout as sleep } from "node:timers/promises";
import { labShared } from "../../../../lib/signals.ts";

const slowMs = 1_000;

const addOne = async (run: string, key: string): Promise<void> =>
  void (await labShared(`${run}-${key}`).update((count) => count + 1));

/** The most common form there is: write, then go to what was written. */
export async function writeAndGo(run: string, target: string): Promise<never> {
  await addOne(run, "a");
  redirect(`/fuzz/${run}/${target}`);
}

export async function writeSlowlyAndGo(run: string, target: string): Promise<never> {
  await sleep(slowMs);
  return writeAndGo(run, target);
}

export async function write(run: string): Promise<void> {
  await addOne(run, "c");
}

export async function writeSlowly(run: string): Promise<void> {
  await sleep(slowMs);
  await addOne(run, "c");
}
