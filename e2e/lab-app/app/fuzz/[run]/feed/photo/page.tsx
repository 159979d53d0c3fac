import { type ReactElement, use } from "react";
import { Note } from "../../../note.tsx";
import { Value } from "../../../value.tsx";

type Props = { params: Promise<{ run: string }> };

/** A photo that was opened by its address. */
export default function PhotoPage({ params }: Props): ReactElement {
  const { run } = use(params);
  return (
    <>
      <Value run={run} of="b" />
      <Value run={run} of="c" />
      <Note of="feed/photo" />
    </>
  );
}
