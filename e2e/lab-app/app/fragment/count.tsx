import { useReactive } from "kawa";
import { reactive } from "kawa/next";
import { labCounter } from "../../lib/signals.ts";
import { Clicker } from "../clicker.tsx";

/** A live counter with a client component inside. */
export const Count = reactive(function Count({ name }: { name: string }) {
  return (
    <p>
      <output data-name={name}>{useReactive(labCounter(name))}</output> <Clicker />
    </p>
  );
});
