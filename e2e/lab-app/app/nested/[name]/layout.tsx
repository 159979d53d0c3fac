import { useReactive } from "kawa";
import Link from "next/link";
import type { ReactNode } from "react";
import { labCounter } from "../../../lib/signals.ts";

type Props = { children: ReactNode; params: Promise<{ name: string }> };

export default async function NestedLayout({ children, params }: Props) {
  const { name } = await params;
  return (
    <>
      <LayoutCount name={name} />
      <Link href={`/nested/${name}/one`}>Go to one</Link> <Link href={`/nested/${name}/two`}>Go to two</Link>
      {children}
    </>
  );
}

function LayoutCount({ name }: { name: string }) {
  return <output>{useReactive(labCounter(name))}</output>;
}
