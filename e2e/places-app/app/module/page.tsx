import { effect } from "kawa";
import type { ReactElement } from "react";
import { probe } from "../../lib/probe.ts";
import { counter } from "../../lib/signals.ts";

await probe("module");

/** What runs again with later values is no read that a build could keep. */
const seen: number[] = [];
effect(() => void seen.push(counter.value));

export default function ModulePage(): ReactElement {
  return <p>A module that reads {seen.length}</p>;
}
