import type { ReactElement, ReactNode } from "react";
import { LiveRefresh } from "./live-refresh.tsx";

export default function RootLayout({ children }: { children: ReactNode }): ReactElement {
  return (
    <html lang="en">
      <body>
        {children}
        <LiveRefresh src="/api/live" />
      </body>
    </html>
  );
}
