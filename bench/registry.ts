import { setup } from "rivetkit";
import { createReactiveStateActor, type Durability } from "kawa/rivetkit";
import { bareActor } from "./bare-actor.ts";

const durability = (process.env["BENCH_DURABILITY"] ?? "disk") as Durability;

type Asked = { readonly userId?: string };

/** As an app that asks for each write who makes it. */
const hooked = createReactiveStateActor<Asked>(
  {
    setSignal: async (_, params, next) => {
      if (params.userId === undefined) throw new Error("Nobody writes without a name.");
      return next(params);
    },
  },
  { durability },
);

/** All actors in one runner, so that they share process, engine and connection. */
export const registry = setup({
  use: {
    reactiveState: createReactiveStateActor(undefined, { durability }),
    hookedState: hooked,
    bare: bareActor,
  },
});
