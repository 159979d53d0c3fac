import type { ReactElement, ReactNode } from "react";

export default function Layout({ children, modal }: { children: ReactNode; modal: ReactNode }): ReactElement {
  return (
    <>
      <main>{children}</main>
      <div data-testid="modal">{modal}</div>
    </>
  );
}
