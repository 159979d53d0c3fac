import type { ReactElement, ReactNode } from "react";

/** A feed and the photo that is open over it. */
export default function FeedLayout({ children, modal }: { children: ReactNode; modal: ReactNode }): ReactElement {
  return (
    <>
      {children}
      {modal}
    </>
  );
}
