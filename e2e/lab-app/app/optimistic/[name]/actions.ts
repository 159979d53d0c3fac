"use server";
import { refresh } from "next/cache";
import "../../../lib/backend.ts";
import { labList } from "../../../lib/signals.ts";

export async function addItem(name: string, text: string): Promise<void> {
  await labList(name).update((items) => [...items, text]);
}

export async function addItemAndRefresh(name: string, text: string): Promise<void> {
  await labList(name).update((items) => [...items, text]);
  refresh();
}
