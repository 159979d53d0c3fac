import type { OperationOptions } from "../../core/backend/backend.ts";
import { currentHook } from "../hooks/hook-chain.ts";
import { type GetContext, resolveContext } from "../identity/context.ts";
import type { Hooked } from "../wire/protocol.ts";

export type Operation = "read" | "snapshot" | "write" | "list";

/** Which hooks decide about an operation. A browser sees and changes no more of a key than the hooks of lists show it. */
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

/** Who acts. It is asked at once, while the caller's request is known; where no hook needs it, it is not asked. */
export function contextOf(options: ContextOfOptions): Promise<string | undefined> {
  const { hooked, getContext, operation, context: given, origin } = options;
  const isAsked =
    hooked === undefined ||
    uses[operation].some((use) => hooked[use]) ||
    (origin === "browser" && operation !== "snapshot" && hooked.lists);
  if (!isAsked || currentHook()?.isPastHooks) return anonymous;
  const context = resolveContext(given, getContext);
  // Its failure matters only where a hook needs it.
  context.catch(() => {});
  return context;
}

const anonymous: Promise<undefined> = Promise.resolve(undefined);
