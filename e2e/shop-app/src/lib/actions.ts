"use server";
import { redirect } from "next/navigation";
import "./backend.ts";
import { stock } from "./signals.ts";

/** Writes what the page shows, then goes to another one. */
export async function order(form: FormData): Promise<void> {
  const name = String(form.get("name"));
  await stock(name).update((count) => count + 1);
  redirect(`/${String(form.get("way"))}/${name}-ordered`);
}
