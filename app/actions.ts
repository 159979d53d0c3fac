"use server";
import { findPerson, isDirection, parseCell, step } from "@/lib/people";
import { counter, theme, themes, userPosition } from "@/lib/signals";
import { parseAmount } from "./_lib/amount";

// Anyone can post anything to a server action. What the forms of the page cannot send changes nothing, and the page is
// shown as it is.

export async function addToCounter(form: FormData): Promise<void> {
  const by = parseAmount(form.get("by"));
  if (by === undefined) return;
  await counter.update((n) => n + by);
}

export async function resetCounter(): Promise<void> {
  await counter.set(0);
}

export async function chooseTheme(form: FormData): Promise<void> {
  const chosen = themes.find((name) => name === form.get("theme"));
  if (chosen === undefined) return;
  await theme.set(chosen);
}

export async function stepPerson(form: FormData): Promise<void> {
  const person = findPerson(form.get("person"));
  const direction = form.get("direction");
  if (person === undefined || !isDirection(direction)) return;
  await userPosition(person.id).update((position) => step(position, direction));
}

export async function placePerson(form: FormData): Promise<void> {
  const person = findPerson(form.get("person"));
  const cell = parseCell(form.get("cell"));
  if (person === undefined || cell === undefined) return;
  await userPosition(person.id).set(cell);
}
