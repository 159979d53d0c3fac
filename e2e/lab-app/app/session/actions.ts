"use server";
import { sessions } from "../../lib/sessions.ts";

export async function signIn(form: FormData): Promise<void> {
  await sessions.signIn({ userId: String(form.get("user")) });
}

export async function signOut(): Promise<void> {
  await sessions.signOut();
}
