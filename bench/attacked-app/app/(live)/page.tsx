import { useReactive } from "kawa";
import type { ReactElement } from "react";
import { Board } from "../../../board.tsx";
import { score } from "../../lib/signals.ts";

export default function Page(): ReactElement {
  return <Board score={useReactive(score)} />;
}
