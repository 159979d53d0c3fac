import type { ReactElement, ReactNode } from "react";

export default function Layout({ children, side }: { children: ReactNode; side: ReactNode }): ReactElement {
  return (
    <>
      <section>{children}</section>
      <aside>{side}</aside>
    </>
  );
}
