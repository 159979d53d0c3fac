"use server";
import { cookies } from "next/headers";
import { redirect } from "next/navigation";
import "../../lib/backend.ts";
import { labCounter } from "../../lib/signals.ts";

const nameOf = (form: FormData): string => String(form.get("name"));
const wait = (form: FormData): Promise<void> =>
  new Promise((resolve) => void setTimeout(resolve, Number(form.get("waitMs") ?? 0)));

/** Writes what the page shows, then goes to another page. */
export async function create(form: FormData): Promise<void> {
  await labCounter(nameOf(form)).update((count) => count + 1);
  await wait(form);
  if (form.get("cookie")) (await cookies()).set("visited", nameOf(form));
  redirect(String(form.get("to")));
}

/** Returns what was there before the wait. */
export async function count(_before: number, form: FormData): Promise<number> {
  const now = await labCounter(nameOf(form)).update((value) => value + 1);
  await wait(form);
  return now;
}

export async function answer(waitMs: number): Promise<string> {
  await new Promise((resolve) => void setTimeout(resolve, waitMs));
  return "answered";
}
