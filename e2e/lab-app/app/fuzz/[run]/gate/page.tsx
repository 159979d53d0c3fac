import { useReactive } from "kawa";
import { notFound } from "next/navigation";
import { type ReactElement, use } from "react";
import { labShared } from "../../../../lib/signals.ts";
import { Note } from "../../note.tsx";

type Props = { params: Promise<{ run: string }> };

/** Of three values in a row one is not found, one is shown, and one fails. */
export default function GatePage({ params }: Props): ReactElement {
  const gate = useReactive(labShared(`${use(params).run}-gate`));
  if (gate % 3 === 0) notFound();
  if (gate % 3 === 2) throw new Error("This value cannot be shown.");
  return (
    <>
      <output data-key="gate">{gate}</output>
      <Note of="gate" />
    </>
  );
}
