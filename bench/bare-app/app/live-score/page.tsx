import { connection } from "next/server";
import type { ReactElement } from "react";
import { Board } from "../../../board.tsx";
import { score } from "../../lib/score.ts";
import { LiveBoard } from "./live-board.tsx";

export default async function LiveScorePage(): Promise<ReactElement> {
  await connection();
  return (
    <LiveBoard shown={score.value}>
      <Board score={score.value} />
    </LiveBoard>
  );
}
