import { useReactive } from "kawa";
import { reactive } from "kawa/next";
import { labCounter } from "@/lib/lab-signals";
import { Clicks } from "./clicks";

/** A live counter with a client component inside. */
export const Count = reactive(function Count({ name }: { name: string }) {
  return (
    <p>
      <output data-name={name}>{useReactive(labCounter(name))}</output> <Clicks />
    </p>
  );
});
