import { findPerson } from "./people";

/** Who acts, as the hooks of our actors are told. A guest has no `userId`. */
export type Identity = { readonly userId?: string | undefined; readonly isAdmin: boolean };

/** Who has an account moves by themselves; the others are moved by anybody. */
export function mayMove({ userId, isAdmin }: Partial<Identity>, personId: string): boolean {
  return isAdmin === true || userId === personId || findPerson(personId)?.hasAccount === false;
}
