import { useReactive } from "kawa";
import { use } from "react";
import { labCounter } from "../../../lib/signals.ts";
import { Kept } from "./kept.tsx";

/** A counter among things that a visitor would not want to lose. */
export default function KeptPage({ params }: { params: Promise<{ name: string }> }) {
  const { name } = use(params);
  const count = useReactive(labCounter(name));
  return (
    <>
      <output>{count}</output>
      <input aria-label="Uncontrolled" defaultValue={`default ${count}`} />
      <details>
        <summary>More</summary>
        <p>Details of {count}</p>
      </details>
      <Kept count={count} />
      <div style={{ height: "3000px" }} />
    </>
  );
}
