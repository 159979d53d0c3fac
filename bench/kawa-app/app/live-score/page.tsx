import { useReactive } from "kawa";
import { reactive } from "kawa/next";
import type { ReactElement } from "react";
import { Board } from "../../../board.tsx";
import { score } from "../../lib/signals.ts";

const LiveBoard = reactive(function LiveBoard() {
  return <Board score={useReactive(score)} />;
});

export default function LiveScorePage(): ReactElement {
  return <LiveBoard />;
}
