"use server";
import { findAccount } from "@/lib/accounts";
import { maxNotes, notes } from "@/lib/notes";
import { step } from "@/lib/people";
import { currentAccount, sessions } from "@/lib/session";
import { counter, theme, themes, userPosition } from "@/lib/signals";
import { counterChange, move, newNote, noteChoice, readForm } from "./_lib/forms";
import { refusalOf } from "./_lib/refusal";

// What the forms of the page cannot send changes nothing, and the page is shown as it is.

// What a hook of the actor refuses is given back, for the form to show: an error would replace the page.

export async function changeCounter(_previous: string | undefined, form: FormData): Promise<string | undefined> {
  const change = readForm(counterChange, form);
  if (change === undefined) return undefined;
  return refusalOf(async () => {
    if ("to" in change) await counter.set(0);
    else await counter.update((n) => n + change.by);
  });
}

export async function chooseTheme(_previous: string | undefined, form: FormData): Promise<string | undefined> {
  const chosen = themes.find((name) => name === form.get("theme"));
  return chosen && refusalOf(() => theme.set(chosen));
}

export async function addNote(_previous: string | undefined, form: FormData): Promise<string | undefined> {
  const note = readForm(newNote, form);
  if (note === undefined) return undefined;
  if ((await notes.count().get()) >= maxNotes) return `There is room for ${maxNotes} notes. Remove one first.`;
  const account = await currentAccount();
  return refusalOf(() => notes.insert({ text: note.text, by: account?.name ?? "A guest" }));
}

export async function removeNote(_previous: string | undefined, form: FormData): Promise<string | undefined> {
  const chosen = readForm(noteChoice, form);
  return chosen && refusalOf(() => notes.delete(chosen.id));
}

/** Why a person was not moved, for whoever tried. */
export type Refusal = { readonly personId: string; readonly reason: string };

export async function movePerson(_previous: Refusal | undefined, form: FormData): Promise<Refusal | undefined> {
  const asked = readForm(move, form);
  if (asked === undefined) return undefined;
  const position = userPosition(asked.person);
  const reason = await refusalOf(async () => {
    if ("cell" in asked) await position.set(asked.cell);
    else await position.update((current) => step(current, asked.direction));
  });
  return reason === undefined ? undefined : { personId: asked.person, reason };
}

export async function signIn(form: FormData): Promise<void> {
  const account = findAccount(form.get("account"));
  if (account === undefined) return;
  await sessions.signIn({ userId: account.id });
}

export async function signOut(): Promise<void> {
  await sessions.signOut();
}
