import { LivePage } from "kawa/next";
import { type ReactElement, use } from "react";
import { Note } from "../../note.tsx";
import { Value } from "../../value.tsx";

type Props = { params: Promise<{ run: string }> };

/** Refreshed without its layouts. */
export default function SegmentPage({ params }: Props): ReactElement {
  return (
    <>
      <Value run={use(params).run} of="b" />
      <Note of="segment" />
      <LivePage />
    </>
  );
}
