import { useReactive } from "kawa";
import Link from "next/link";
import type { ReactNode } from "react";
import { labCounter } from "@/lib/lab-signals";

type Props = { children: ReactNode; params: Promise<{ name: string }> };

export default async function NestedLayout({ children, params }: Props) {
  const { name } = await params;
  return (
    <>
      <LayoutCount name={name} />
      <Link href={`/lab/nested/${name}/one`}>Go to one</Link> <Link href={`/lab/nested/${name}/two`}>Go to two</Link>
      {children}
    </>
  );
}

function LayoutCount({ name }: { name: string }) {
  return <output>{useReactive(labCounter(name))}</output>;
}
