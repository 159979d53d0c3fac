import type { Metadata } from "next";
import { LiveUpdates } from "kawa/next";
import type { ReactNode } from "react";
import "@/lib/backend";

export const metadata: Metadata = { title: "Kawa" };

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        {children}
        <LiveUpdates />
      </body>
    </html>
  );
}
