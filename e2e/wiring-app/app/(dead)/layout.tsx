import type { ReactNode } from "react";

// Forgotten: `<LiveUpdates>`.
export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
