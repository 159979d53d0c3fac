"use server";
import * as v from "valibot";
import { counter } from "@/lib/signals";

const step = v.pipe(v.picklist(["1", "-1"]), v.transform(Number));

/** Anyone can post anything to a server action: what the form cannot send changes nothing. */
export async function count(form: FormData): Promise<void> {
  const by = v.safeParse(step, form.get("by"));
  if (by.success) await counter.update((n) => n + by.output);
}
