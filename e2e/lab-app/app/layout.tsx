import { LiveUpdates } from "kawa/next";
import type { Metadata } from "next";
import type { ReactElement, ReactNode } from "react";
import "../lib/backend.ts";
import { LiveIndicator } from "./live-indicator.tsx";

/** Without an icon the browser asks for one, and the missing one is an error in its console. */
export const metadata: Metadata = { icons: { icon: "data:," } };

export default function RootLayout({ children }: { children: ReactNode }): ReactElement {
  return (
    <html lang="en">
      <body>
        <LiveIndicator />
        <LiveUpdates>{children}</LiveUpdates>
      </body>
    </html>
  );
}
