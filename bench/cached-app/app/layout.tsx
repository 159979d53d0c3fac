import { LiveUpdates } from "kawa/next";
import type { ReactElement, ReactNode } from "react";
import "../lib/backend.ts";

export default function RootLayout({ children }: { children: ReactNode }): ReactElement {
  return (
    <html lang="en">
      <body>
        <LiveUpdates>{children}</LiveUpdates>
      </body>
    </html>
  );
}
