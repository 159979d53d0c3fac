import { read } from "kawa";
import type { ReactElement } from "react";
import { Board } from "../../board.tsx";
import { costlyWork } from "../../costly-work.ts";
import { score } from "./signals.ts";

/** How often this server has run it. */
export const runs = ((globalThis as { costlyRuns?: { count: number } }).costlyRuns ??= { count: 0 });

/** A board that takes 50 ms of CPU. */
export async function CostlyBoard(): Promise<ReactElement> {
  const value = await read(score);
  // oxlint-disable-next-line react/immutability -- it counts what the server does
  runs.count += 1;
  costlyWork();
  return <Board score={value} />;
}
