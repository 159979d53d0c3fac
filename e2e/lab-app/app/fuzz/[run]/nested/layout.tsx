import { type ReactElement, type ReactNode, use } from "react";
import { Value } from "../../value.tsx";

/** A layout that reads, which stays when one goes from one of its pages to the other. */
export default function NestedLayout({
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
