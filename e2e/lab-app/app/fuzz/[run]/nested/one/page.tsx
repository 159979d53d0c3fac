import { LivePage } from "kawa/next";
import { type ReactElement, use } from "react";
import { Note } from "../../../note.tsx";
import { Value } from "../../../value.tsx";

type Props = { params: Promise<{ run: string }> };

/** Refreshed without the layout that reads another counter. */
export default function OnePage({ params }: Props): ReactElement {
  return (
    <>
      <Value run={use(params).run} of="b" />
      <Note of="nested/one" />
      <LivePage />
    </>
  );
}
