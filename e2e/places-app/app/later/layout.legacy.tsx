import { after } from "next/server";
import type { ReactElement, ReactNode } from "react";
import { act } from "../../lib/who.ts";

export const dynamic = "force-dynamic";

export default function LaterLayout({ children }: { children: ReactNode }): ReactElement {
  after(() => act("layout"));
  return <main>{children}</main>;
}
