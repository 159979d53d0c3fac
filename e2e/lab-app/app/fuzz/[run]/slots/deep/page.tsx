import { type ReactElement, use } from "react";
import { Note } from "../../../note.tsx";
import { Value } from "../../../value.tsx";

type Props = { params: Promise<{ run: string }> };

/** The slot beside it has no page for this address. */
export default function DeepPage({ params }: Props): ReactElement {
  return (
    <>
      <Value run={use(params).run} of="b" />
      <Note of="slots/deep" />
    </>
  );
}
