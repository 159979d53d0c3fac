import type { ReactNode } from "react";
import { LiveUpdates } from "kawa/next";

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <LiveUpdates src="/api/bare">{children}</LiveUpdates>
      </body>
    </html>
  );
}
