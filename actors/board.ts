import { createReactiveStateActor, type HookContext } from "kawa/rivetkit";
import { UserError } from "rivetkit";
import { maxAmount } from "@/app/_lib/amount";
import { type Identity, mayMove } from "@/lib/identity";
import { findPerson } from "@/lib/people";
import { counter } from "@/lib/signals";

/** Keeps the signals of this app, and decides who may change which. The counter and the theme are everybody's, and the counter has an end. */
export const boardActor = createReactiveStateActor<Identity>({
  setSignal: async (c, params, next) => {
    checkChange(c, params);
    return await next(params);
  },

  // Without it no browser could take anything back, not even its own window.
  deleteSignal: async (c, params, next) => {
    checkChange(c, params);
    return await next(params);
  },
});

function checkChange(
  c: HookContext,
  params: { readonly key: string; readonly value?: unknown } & Partial<Identity>,
): void {
  // The values are checked by our server actions, which such a client would pass by.
  if (c.conn) throw new UserError("Changes are made through the app.");
  const person = findPerson(/^users:(.+):position$/.exec(params.key)?.[1]);
  if (person && !mayMove(params, person.id)) {
    throw new UserError(`Only ${person.name} and the admin can move ${person.name}.`);
  }
  if (params.key === counter.key && Math.abs(Number(params.value ?? 0)) > maxAmount) {
    throw new UserError(`The counter goes from ${-maxAmount} to ${maxAmount}.`);
  }
}
