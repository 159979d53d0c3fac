import { useReactive } from "kawa";
import { LivePage, reactive } from "kawa/next";
import type { Metadata } from "next";
import { type ReactElement, Suspense, use } from "react";
import { labCounter } from "../../../../../lib/signals.ts";
import { failBelow } from "../../../fail-below.ts";

type Params = { way: string; what: string; name: string };
type Props = Omit<Params, "way">;

export const metadata: Metadata = { title: "Shown" };

/** A count that cannot be shown while it is negative; `way` says what reads it. */
export default function Page({ params }: { params: Promise<Params> }): ReactElement {
  const { way, ...props } = use(params);
  const part =
    way === "fragment" ? <Fragment {...props} /> : way === "late" ? <Late {...props} /> : <Count {...props} />;
  return (
    <>
      {part}
      {way === "page" ? <LivePage /> : null}
    </>
  );
}

function Count({ what, name }: Props): ReactElement {
  const count = useReactive(labCounter(name));
  failBelow(count, what);
  return <output>{count}</output>;
}

const Fragment = reactive(Count);

function Late({ what, name }: Props): ReactElement {
  const count = useReactive(labCounter(name));
  return (
    <>
      <p>Shell</p>
      <Suspense fallback={<p>Loading</p>}>
        <Slow count={count} what={what} />
      </Suspense>
    </>
  );
}

async function Slow({ count, what }: { count: number; what: string }): Promise<ReactElement> {
  await new Promise((resolve) => setTimeout(resolve, 200));
  failBelow(count, what);
  return <output>{count}</output>;
}
