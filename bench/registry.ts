import { setup } from "rivetkit";
import { createReactiveStateActor, type Durability } from "kawa/rivetkit";
import { bareActor } from "./bare-actor.ts";

const durability = (process.env["BENCH_DURABILITY"] ?? "disk") as Durability;

/** Both actors in one runner, so that they share process, engine and connection. */
export const registry = setup({
  use: { reactiveState: createReactiveStateActor(undefined, { durability }), bare: bareActor },
});
