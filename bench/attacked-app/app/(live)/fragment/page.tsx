import { useReactive } from "kawa";
import { reactive } from "kawa/next";
import type { ReactElement } from "react";
import { Board } from "../../../../board.tsx";
import { score } from "../../../lib/signals.ts";

/** The whole of what the page shows. */
const LiveBoard = reactive(function LiveBoard(): ReactElement {
  return <Board score={useReactive(score)} />;
});

export default function FragmentPage(): ReactElement {
  return <LiveBoard />;
}
