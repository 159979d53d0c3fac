import Link from "next/link";
import type { ReactElement, ReactNode } from "react";

export function Visited({ server, children }: { server: number; children?: ReactNode }): ReactElement {
  return (
    <main>
      <Link href="/navigation" prefetch={false}>
        Home
      </Link>
      <output id="server">{server}</output>
      {children}
    </main>
  );
}
