import { connection } from "next/server";
import type { ReactElement } from "react";
import { score } from "../../lib/score.ts";
import { ClientBoard } from "./client-board.tsx";

export default async function BrowserWritePage(): Promise<ReactElement> {
  await connection();
  return <ClientBoard initial={score.value} />;
}
