import { type ReactElement, use } from "react";
import { Note } from "../../note.tsx";
import { Value } from "../../value.tsx";

type Props = { params: Promise<{ run: string }> };

export default function WaitingPage({ params }: Props): ReactElement {
  return (
    <>
      <Value run={use(params).run} of="b" />
      <Note of="waiting" />
    </>
  );
}
