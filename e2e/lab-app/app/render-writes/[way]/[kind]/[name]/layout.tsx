import type { ReactElement, ReactNode } from "react";
import { writeIn } from "./writing.tsx";

type Props = { children: ReactNode; params: Promise<{ kind: string; name: string }> };

export default async function Layout({ children, params }: Props): Promise<ReactElement> {
  await writeIn("layout", await params);
  return <>{children}</>;
}
