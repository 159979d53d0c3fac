"use server";
import "../../lib/backend.ts";
import { labCounter } from "../../lib/signals.ts";

export async function increment(name: string): Promise<void> {
  await labCounter(name).update((count) => count + 1);
}
