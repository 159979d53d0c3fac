import type { OperationOptions } from "../../core/backend/backend.ts";
import { currentHook } from "../hooks/hook-chain.ts";
import { type GetContext, resolveContext } from "../identity/context.ts";
import type { Hooked } from "../wire/protocol.ts";

export type Operation = "read" | "snapshot" | "write" | "list";

/** Whose hooks decide about an operation. A browser is shown, and changes, no more of a key than lists show of it. */
const uses: Record<Operation, readonly (keyof Hooked)[]> = {
  read: ["reads"],
  snapshot: ["reads"],
  write: ["reads", "writes"],
  list: ["lists"],
};

export type ContextOfOptions = OperationOptions & {
  /** Undefined before the first connection. */
  readonly hooked: Hooked | undefined;
  readonly getContext: GetContext | undefined;
  readonly operation: Operation;
};

/** Who acts: asked now, for what the caller is running in is known only now. Where no hook wants to know, nothing is asked. */
export function contextOf(options: ContextOfOptions): Promise<string | undefined> {
  const { hooked, getContext, operation, context: given, origin } = options;
  const isAsked =
    hooked === undefined ||
    uses[operation].some((use) => hooked[use]) ||
    (origin === "browser" && operation !== "snapshot" && hooked.lists);
  if (!isAsked || currentHook()?.isPastHooks) return anonymous;
  const context = resolveContext(given, getContext);
  // It matters only if a hook is going to ask for it.
  context.catch(() => {});
  return context;
}

const anonymous: Promise<undefined> = Promise.resolve(undefined);
