import type { ReactNode } from "react";

/** A browser finds the values in the page: `values-provider.tsx` has put them there. */
export function ValuesProvider({ children }: { render: Promise<string>; children: ReactNode }): ReactNode {
  return children;
}
