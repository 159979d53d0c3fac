import { LiveUpdates } from "kawa/next";
import type { Metadata } from "next";
import { connection } from "next/server";
import type { ReactNode } from "react";
import { LiveStatus } from "./live-status";

/** Without an icon the browser asks for one, and the missing one is an error in its console. */
export const metadata: Metadata = { icons: { icon: "data:," } };

export default async function RootLayout({ children }: { children: ReactNode }) {
  await connection();
  return (
    <html lang="en">
      <body>
        <LiveUpdates>
          {children}
          <LiveStatus />
        </LiveUpdates>
      </body>
    </html>
  );
}
