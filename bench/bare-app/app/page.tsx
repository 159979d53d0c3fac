import { connection } from "next/server";
import type { ReactElement } from "react";
import { Board } from "../../board.tsx";
import { score } from "../lib/score.ts";
import { LiveRefresh } from "./live-refresh.tsx";

export default async function Page(): Promise<ReactElement> {
  await connection();
  return (
    <>
      <Board score={score.value} />
      <LiveRefresh src="/api/live" />
    </>
  );
}
