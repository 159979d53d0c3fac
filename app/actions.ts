"use server";
import { findAccount } from "@/lib/accounts";
import { findPerson, isDirection, parseCell, step } from "@/lib/people";
import { sessions } from "@/lib/session";
import { counter, theme, themes, userPosition } from "@/lib/signals";
import { parseAmount } from "./_lib/amount";
import { refusalOf } from "./_lib/refusal";

// Anyone can post anything to a server action. What the forms of the page cannot send changes nothing, and the page is
// shown as it is.

// What a hook of the actor refuses is given back, for the form to show: an error would replace the page.

export async function changeCounter(_previous: string | undefined, form: FormData): Promise<string | undefined> {
  return refusalOf(async () => {
    if (form.get("to") === "0") return await counter.set(0);
    const by = parseAmount(form.get("by"));
    if (by === undefined) return;
    await counter.update((n) => n + by);
  });
}

export async function chooseTheme(_previous: string | undefined, form: FormData): Promise<string | undefined> {
  const chosen = themes.find((name) => name === form.get("theme"));
  return chosen && refusalOf(() => theme.set(chosen));
}

/** Why a person was not moved, for whoever tried. */
export type Refusal = { readonly personId: string; readonly reason: string };

export async function movePerson(_previous: Refusal | undefined, form: FormData): Promise<Refusal | undefined> {
  const person = findPerson(form.get("person"));
  if (person === undefined) return undefined;
  const position = userPosition(person.id);
  const cell = parseCell(form.get("cell"));
  const direction = form.get("direction");
  const reason = await refusalOf(async () => {
    if (cell !== undefined) await position.set(cell);
    else if (isDirection(direction)) await position.update((current) => step(current, direction));
  });
  return reason === undefined ? undefined : { personId: person.id, reason };
}

export async function signIn(form: FormData): Promise<void> {
  const account = findAccount(form.get("account"));
  if (account === undefined) return;
  await sessions.signIn({ userId: account.id });
}

export async function signOut(): Promise<void> {
  await sessions.signOut();
}
