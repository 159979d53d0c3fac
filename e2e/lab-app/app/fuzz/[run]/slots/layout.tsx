import type { ReactElement, ReactNode } from "react";

/** A page beside a slot, which keeps what it shows when the page beside it changes. */
export default function SlotsLayout({ children, side }: { children: ReactNode; side: ReactNode }): ReactElement {
  return (
    <>
      <main>{children}</main>
      <aside>{side}</aside>
    </>
  );
}
