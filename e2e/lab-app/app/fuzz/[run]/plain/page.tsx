import { type ReactElement, use } from "react";
import { Note } from "../../note.tsx";
import { Value } from "../../value.tsx";

type Props = { params: Promise<{ run: string }> };

/** Refreshed with its route. */
export default function PlainPage({ params }: Props): ReactElement {
  const { run } = use(params);
  return (
    <>
      <Value run={run} of="a" />
      <Value run={run} of="b" />
      <Note of="plain" />
    </>
  );
}
