"use server";
import { isKawaError, publicMessage } from "kawa";
import { findAccount } from "@/lib/accounts";
import { findPerson, isDirection, parseCell, step } from "@/lib/people";
import { sessions } from "@/lib/session";
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

/** Why a person was not moved, for whoever tried. */
export type Refusal = { readonly personId: string; readonly reason: string };

export async function movePerson(_previous: Refusal | undefined, form: FormData): Promise<Refusal | undefined> {
  const person = findPerson(form.get("person"));
  if (person === undefined) return undefined;
  const position = userPosition(person.id);
  const cell = parseCell(form.get("cell"));
  const direction = form.get("direction");
  try {
    if (cell !== undefined) await position.set(cell);
    else if (isDirection(direction)) await position.update((current) => step(current, direction));
    return undefined;
  } catch (error) {
    if (!isKawaError(error, "ACTION_REFUSED")) throw error;
    return { personId: person.id, reason: publicMessage(error) };
  }
}

export async function signIn(form: FormData): Promise<void> {
  const account = findAccount(form.get("account"));
  if (account === undefined) return;
  await sessions.signIn({ userId: account.id });
}

export async function signOut(): Promise<void> {
  await sessions.signOut();
}
