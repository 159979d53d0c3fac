import type { OperationOptions } from "../../core/backend/backend.ts";
import type { FromHook } from "../hooks/hook-chain.ts";
import type { By } from "../wire/protocol.ts";

/** What a caller says about itself. */
export type Asking = {
  readonly context: string | undefined;
  readonly origin?: OperationOptions["origin"];
  readonly from?: FromHook | undefined;
};

export function by({ context, origin, from }: Asking): By {
  return {
    ...(context === undefined ? {} : { context }),
    ...(origin === undefined ? {} : { origin }),
    ...(from === undefined ? {} : { chain: from.chain }),
    ...(from?.isPastHooks ? { isPastHooks: true } : {}),
  };
}
