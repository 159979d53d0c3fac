import { useReactive } from "kawa";
import { reactive } from "kawa/next";
import type { ReactElement } from "react";
import { Board } from "../../../board.tsx";
import { runs } from "../../lib/runs.ts";
import { score } from "../../lib/signals.ts";

const costMs = 50;
/** Tabs load before it is reached: what is measured is a change. */
const firstCostlyScore = 1_000;

function work(): void {
  const { user, system } = process.cpuUsage();
  const end = user + system + costMs * 1_000;
  for (let now = 0; now < end;) {
    const used = process.cpuUsage();
    now = used.user + used.system;
  }
}

/** A pushed page that takes 50 ms of CPU. */
export default reactive(function CostlyPage(): ReactElement {
  const value = useReactive(score);
  if (value >= firstCostlyScore) {
    runs.count += 1;
    work();
  }
  return <Board score={value} />;
});
