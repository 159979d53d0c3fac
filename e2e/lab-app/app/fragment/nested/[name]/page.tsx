import { useReactive } from "kawa";
import { reactive } from "kawa/next";
import { use } from "react";
import { labCounter } from "../../../../lib/signals.ts";
import { Count } from "../../count.tsx";

const Outer = reactive(function Outer({ name }: { name: string }) {
  return (
    <section>
      <output data-name={`${name}-outer`}>{useReactive(labCounter(`${name}-outer`))}</output>
      <Count name={`${name}-inner`} />
    </section>
  );
});

/** A live counter inside of another one. */
export default function NestedPage({ params }: { params: Promise<{ name: string }> }) {
  return <Outer name={use(params).name} />;
}
