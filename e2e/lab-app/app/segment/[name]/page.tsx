import { useReactive } from "kawa";
import { LivePage } from "kawa/next";
import { use } from "react";
import { labCounter } from "../../../lib/signals.ts";

/** A page whose counter no layout shows. */
export default function SegmentPage({ params }: { params: Promise<{ name: string }> }) {
  const { name } = use(params);
  return (
    <>
      <output data-testid="page">{useReactive(labCounter(`${name}-page`))}</output>
      <LivePage />
    </>
  );
}
