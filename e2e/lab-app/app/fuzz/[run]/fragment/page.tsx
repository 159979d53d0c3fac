import { reactive } from "kawa/next";
import { type ReactElement, use } from "react";
import { Note } from "../../note.tsx";
import { Value } from "../../value.tsx";

type Props = { params: Promise<{ run: string }> };

const Fragment = reactive(function Fragment({ run }: { run: string }) {
  return <Value run={run} of="a" />;
});

/** A live fragment beside what is refreshed with the route. */
export default function FragmentPage({ params }: Props): ReactElement {
  const { run } = use(params);
  return (
    <>
      <Fragment run={run} />
      <Value run={run} of="c" />
      <Note of="fragment" />
    </>
  );
}
