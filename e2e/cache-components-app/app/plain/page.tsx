import Link from "next/link";
import type { ReactElement } from "react";

export default function PlainPage(): ReactElement {
  return (
    <main>
      <h1>Reads no signal</h1>
      <Link href="/blocking">Blocking</Link>
      <Link href="/">Suspense</Link>
      <Link href="/live">Cached</Link>
      <Link href="/live-disk">Disk</Link>
    </main>
  );
}
