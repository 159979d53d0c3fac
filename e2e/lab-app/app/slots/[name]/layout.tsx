import type { ReactNode } from "react";

/** A page with a parallel slot, which reads a counter of its own. */
export default function SlotsLayout({ children, side }: { children: ReactNode; side: ReactNode }) {
  return (
    <>
      <section>{children}</section>
      <aside>{side}</aside>
    </>
  );
}
