import type { ReactElement } from "react";
import { write, writeAndGo, writeSlowly, writeSlowlyAndGo } from "./actions.ts";

/** Forms whose actions write, at once or after a second, and stay or redirect. */
export function Forms({ run }: { run: string }): ReactElement[] {
  const actions = {
    write: write.bind(null, run),
    writeSlowly: writeSlowly.bind(null, run),
    "go:plain": writeAndGo.bind(null, run, "plain"),
    "go:segment": writeAndGo.bind(null, run, "segment"),
    "goSlowly:plain": writeSlowlyAndGo.bind(null, run, "plain"),
    "goSlowly:segment": writeSlowlyAndGo.bind(null, run, "segment"),
  };
  return Object.entries(actions).map(([name, action]) => (
    <form key={name} action={action}>
      <button data-do={name}>{name}</button>
    </form>
  ));
}
