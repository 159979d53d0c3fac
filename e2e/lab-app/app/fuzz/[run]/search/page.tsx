import { type ReactElement, use } from "react";
import type { Key } from "../../keys.ts";
import { Note } from "../../note.tsx";
import { Value } from "../../value.tsx";

type Props = { params: Promise<{ run: string }> };

/** The address says which counter is shown. */
export default function SearchPage({
  params,
  searchParams,
}: Props & { searchParams: Promise<{ of: Key }> }): ReactElement {
  return (
    <>
      <Value run={use(params).run} of={use(searchParams).of} />
      <Note of="search" />
    </>
  );
}
