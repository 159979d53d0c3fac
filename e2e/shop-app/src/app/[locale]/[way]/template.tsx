import type { ReactElement, ReactNode } from "react";

export default function Template({ children }: { children: ReactNode }): ReactElement {
  return <main>{children}</main>;
}
