import { type ReactElement, type ReactNode, use } from "react";
import { Value } from "../../value.tsx";

/** A layout that reads, and that Next prefetches with the fallback of its page. */
export default function WaitingLayout({
  children,
  params,
}: {
  children: ReactNode;
  params: Promise<{ run: string }>;
}): ReactElement {
  return (
    <>
      <Value run={use(params).run} of="a" />
      {children}
    </>
  );
}
