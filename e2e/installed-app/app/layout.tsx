import { LiveUpdates } from "kawa/next";
import { connection } from "next/server";
import type { ReactNode } from "react";
import { LiveStatus } from "./live-status";

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
