import { useReactive } from "kawa";
import Link from "next/link";
import { use } from "react";
import { increment } from "../actions.ts";
import { labCounter } from "../../../lib/signals.ts";

type Props = { params: Promise<{ name: string }>; searchParams: Promise<{ other?: string }> };

/** A counter on a long page, with a link to the counter `?other=`. */
export default function CounterPage({ params, searchParams }: Props) {
  const { name } = use(params);
  const { other } = use(searchParams);
  const count = useReactive(labCounter(name));
  return (
    <>
      <h1>{name}</h1>
      <div style={{ height: "1200px" }} />
      <input aria-label="Note" />
      <form action={increment.bind(null, name)}>
        <output>{count}</output> <button>Add one</button>
      </form>
      {other === undefined ? null : (
        <Link href={`/counter/${other}?other=${name}`} prefetch={false}>
          Go to {other}
        </Link>
      )}
      <div style={{ height: "1200px" }} />
    </>
  );
}
