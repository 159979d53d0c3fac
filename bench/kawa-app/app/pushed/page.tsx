import { useReactive } from "kawa";
import { reactive } from "kawa/next";
import type { ReactElement } from "react";
import { Board } from "../../../board.tsx";
import { score } from "../../lib/signals.ts";

/** A whole page that is pushed. */
export default reactive(function PushedPage(): ReactElement {
  return <Board score={useReactive(score)} />;
});
