import type { ReactElement, ReactNode } from "react";
import { countRun } from "../../runs.ts";

type Props = { children: ReactNode; params: Promise<{ name: string }> };

export default async function Layout({ children, params }: Props): Promise<ReactElement> {
  countRun(`${(await params).name}-layout`);
  return <main>{children}</main>;
}
