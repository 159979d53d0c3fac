import { LivePage } from "kawa/next";
import { type ReactElement, use } from "react";
import { Note } from "../../../note.tsx";
import { Value } from "../../../value.tsx";
import { Forms } from "../forms.tsx";

type Props = { params: Promise<{ run: string }> };

/** Refreshed by a navigation to the same address. */
export default function ActionSegmentPage({ params }: Props): ReactElement {
  const { run } = use(params);
  return (
    <>
      <Value run={run} of="a" />
      <Value run={run} of="c" />
      <Note of="action/segment" />
      <Forms run={run} />
      <LivePage />
    </>
  );
}
