import { setTimeout as sleep } from "node:timers/promises";
import { type ReactElement, Suspense, use } from "react";
import { Note } from "../../note.tsx";
import { Value } from "../../value.tsx";

type Props = { params: Promise<{ run: string }> };

const lateMs = 300;

async function Late({ run }: { run: string }): Promise<ReactElement> {
  await sleep(lateMs);
  return <Value run={run} of="b" />;
}

/** A part that comes later than the rest. */
export default function LatePage({ params }: Props): ReactElement {
  const { run } = use(params);
  return (
    <>
      <Value run={run} of="a" />
      <Note of="late" />
      <Suspense fallback={<p>Loading</p>}>
        <Late run={run} />
      </Suspense>
    </>
  );
}
