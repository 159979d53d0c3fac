import { randomUUID } from "node:crypto";
import type { StreamRegistry } from "../../core/backend/backend.ts";
import type { Replies } from "../wire/protocol.ts";
import type { Connection } from "./connection.ts";

type Ask = (request: (connection: Connection) => Promise<Replies["streams"]>) => Promise<Replies["streams"]>;

/** The streams that this process shows, as the actor is told of them. */
export function createStreamRegistry(ask: Ask): StreamRegistry {
  const client = randomUUID();
  const renew = (register: readonly string[], unregister: readonly string[]): Promise<Replies["streams"]> =>
    ask((connection) => connection.ask("streams", { client, register, unregister }));
  return {
    register: async (scopes) => new Set((await renew(scopes, [])).produce),
    unregister: async (scopes) => void (await renew([], scopes)),
  };
}
