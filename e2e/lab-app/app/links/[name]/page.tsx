import { useReactive } from "kawa";
import { LivePage } from "kawa/next";
import Link from "next/link";
import { use } from "react";
import { labCounter } from "../../../lib/signals.ts";

type Props = { params: Promise<{ name: string }>; searchParams: Promise<{ kind?: string }> };

const targets = Array.from({ length: 20 }, (_, index) => `target-${index}`);

/** A counter among twenty visible links that are prefetched; `?kind=page` with `<LivePage />`. */
export default function LinksPage({ params, searchParams }: Props) {
  const { name } = use(params);
  const isPage = use(searchParams).kind === "page";
  const count = useReactive(labCounter(name));
  return (
    <>
      {isPage ? <LivePage /> : null}
      <output>{count}</output>
      <nav>
        {targets.map((target) => (
          <Link key={target} href={`/counter/${target}`}>
            {target}{" "}
          </Link>
        ))}
      </nav>
    </>
  );
}
