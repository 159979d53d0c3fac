import { reactiveStateActor } from "kawa/rivetkit";
import { setup } from "rivetkit";
import { myActor } from "./actors/my.ts";

export const registry = setup({
  use: {
    reactiveState: reactiveStateActor, // ← Add this
    myActor, // Your custom actors
  },
});
