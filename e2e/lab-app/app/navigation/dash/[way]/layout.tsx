import type { ReactElement, ReactNode } from "react";

export default function Layout({ children, side }: { children: ReactNode; side: ReactNode }): ReactElement {
  return (
    <>
      <main>{children}</main>
      <aside>{side}</aside>
    </>
  );
}
