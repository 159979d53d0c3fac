import { read } from "kawa";
import type { ReactElement, ReactNode } from "react";
import { labCounter } from "../../../lib/signals.ts";

type Props = { children: ReactNode; params: Promise<{ name: string }> };

export default async function Layout({ children, params }: Props): Promise<ReactElement> {
  const { name } = await params;
  return (
    <>
      <output data-testid="layout">{await read(labCounter(`${name}-layout`))}</output>
      {children}
    </>
  );
}
