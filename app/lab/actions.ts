"use server";
import { notFound } from "next/navigation";
import { env } from "@/lib/env";
import { labCounter } from "@/lib/lab-signals";

export async function increment(name: string): Promise<void> {
  if (!env.isLab) notFound();
  await labCounter(name).update((count) => count + 1);
}
