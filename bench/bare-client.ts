import { createClient } from "rivetkit/client";
import { rivetClientOptions } from "../packages/kawa/src/rivetkit/client-options.ts";
import { bareContexts, type BareContext } from "./bare-actor.ts";
import type { registry } from "./registry.ts";

const actorKey = ["bench"];

async function bareHandle() {
  return createClient<typeof registry>(await rivetClientOptions()).bare.getOrCreate(actorKey);
}

/** RivetKit's own connection to the bare actor. */
export async function connectBare() {
  const connection = (await bareHandle()).connect();
  await connection.ready;
  return connection;
}

/** The context of the bare actor, which lives in this process. */
export async function hostBare(): Promise<BareContext> {
  await (await bareHandle()).commit("first", "");
  const [context] = bareContexts;
  if (!context) throw new Error("The bare actor lives in another process.");
  return context;
}
