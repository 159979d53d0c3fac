import Link from "next/link";
import type { ReactElement } from "react";
import { seenCount } from "../../lib/signals.ts";

/** Where visits of pages begin that show a value: by the server alone, or by a client component beside it. */
export default function NavigationPage(): ReactElement {
  return (
    <main>
      <h1>Home</h1>
      {["alone", "both"].map((page) =>
        Array.from({ length: seenCount }, (_, index) => (
          <Link key={`${page}${index}`} href={`/navigation/${page}?of=${index}`} prefetch={false}>
            {page} {index}
          </Link>
        )),
      )}
    </main>
  );
}
