import type { ReactElement, ReactNode } from "react";

type Props = { children: ReactNode; params: Promise<{ kind: string }> };

export default async function Layout({ children, params }: Props): Promise<ReactElement> {
  if ((await params).kind === "layout") throw new Error("a mistake of the layout");
  return <main>{children}</main>;
}
