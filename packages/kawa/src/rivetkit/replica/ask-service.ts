import { isKawaError, KawaError } from "../../core/errors/errors.ts";
import type { Replies, ReplicaService, RequestMessage, RequestName } from "../wire/protocol.ts";
import { asAnonymous } from "./as-anonymous.ts";

/** What an actor of this process answers. Rejects with a KawaError. */
export async function askService(service: ReplicaService, request: RequestMessage): Promise<Replies[RequestName]> {
  try {
    // Hooks are told who asks by the message: this code may run within the request of another visitor.
    return await asAnonymous(() => service.answer(request));
  } catch (cause) {
    if (isKawaError(cause)) throw cause;
    throw new KawaError("BACKEND_UNAVAILABLE", "The actor could not answer.", { cause });
  }
}

export type RunHere = Parameters<NonNullable<ReplicaService["transact"]>>[0];
/** `thrown` is what the function of a transaction has thrown, or why it has to start anew. */
export type RanHere = { readonly written: Replies["write"] } | { readonly thrown: unknown };

/** Runs a transaction beside the store of an actor of this process. Rejects with a KawaError that says that the actor is gone. */
export async function transactWith(transact: NonNullable<ReplicaService["transact"]>, run: RunHere): Promise<RanHere> {
  let thrown: { readonly error: unknown } | undefined;
  const running: RunHere = async (read) => {
    try {
      return await run(read);
    } catch (error) {
      thrown = { error };
      throw error;
    }
  };
  try {
    return { written: await transact(running) };
  } catch (error) {
    if (thrown || !isKawaError(error)) return { thrown: thrown ? thrown.error : error };
    throw error;
  }
}
