import { useReactive } from "kawa";
import { reactive } from "kawa/next";
import type { ReactElement } from "react";
import { Board } from "../../../board.tsx";
import { costlyWork } from "../../../costly-work.ts";
import { runs } from "../../lib/runs.ts";
import { score } from "../../lib/signals.ts";

/** Tabs load before it is reached: what is measured is a change. */
const firstCostlyScore = 1_000;

/** A pushed page that takes 50 ms of CPU. */
export default reactive(function CostlyPage(): ReactElement {
  const value = useReactive(score);
  if (value >= firstCostlyScore) {
    runs.count += 1;
    costlyWork();
  }
  return <Board score={value} />;
});
