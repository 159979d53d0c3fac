import type { ReactElement, ReactNode } from "react";

/** Nothing of Kawa. */
export default function BareLayout({ children }: { children: ReactNode }): ReactElement {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
