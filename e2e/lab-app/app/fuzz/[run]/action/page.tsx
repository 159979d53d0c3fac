import { type ReactElement, use } from "react";
import { Note } from "../../note.tsx";
import { Value } from "../../value.tsx";
import { Forms } from "./forms.tsx";

type Props = { params: Promise<{ run: string }> };

/** Reads nothing of what is written before it is left. */
export default function ActionPage({ params }: Props): ReactElement {
  const { run } = use(params);
  return (
    <>
      <Value run={run} of="c" />
      <Note of="action" />
      <Forms run={run} />
    </>
  );
}
