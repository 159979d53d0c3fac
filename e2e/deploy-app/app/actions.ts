"use server";
import { counter } from "../lib/signals";

export async function increment(): Promise<void> {
  await counter.update((count) => count + 1);
}
