import { LiveUpdates } from "kawa/next";
import type { ReactElement, ReactNode } from "react";
import "../lib/backend.ts";

export default function RootLayout({ children }: { children: ReactNode }): ReactElement {
  return (
    <html lang="en">
      <body>
        {children}
        <LiveUpdates />
      </body>
    </html>
  );
}
