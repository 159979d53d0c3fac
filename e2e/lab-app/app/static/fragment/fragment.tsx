import { useReactive } from "kawa";
import { reactive } from "kawa/next";
import { labCounter } from "../../../lib/signals.ts";

export const Fragment = reactive(function Fragment() {
  return <output>{useReactive(labCounter("static"))}</output>;
});
