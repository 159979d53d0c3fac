import { people } from "./people";

export type Account = { readonly id: string; readonly name: string; readonly isAdmin: boolean };

/** Accounts of the demo. Anyone may sign in as each of them, without a password: replace them before you deploy. */
export const accounts: readonly Account[] = [
  ...people.filter(({ hasAccount }) => hasAccount).map(({ id, name }) => ({ id, name, isAdmin: false })),
  { id: "admin", name: "Admin", isAdmin: true },
];

export function findAccount(id: unknown): Account | undefined {
  return accounts.find((account) => account.id === id);
}
