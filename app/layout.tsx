import type { Metadata, Viewport } from "next";
import { LiveUpdates } from "kawa/next";
import { connection } from "next/server";
import type { ReactNode } from "react";
import "./globals.css";

export const metadata: Metadata = {
  title: { default: "Kawa", template: "%s · Kawa" },
  description: "A shared board: one set of values on the server, the same in every window.",
};

export const viewport: Viewport = { colorScheme: "light dark" };

export default async function RootLayout({ children }: { children: ReactNode }) {
  // The content security policy of middleware.ts lets no script of a static page run: also what reads no signal is rendered on request.
  await connection();
  return (
    <html lang="en">
      <body>
        <LiveUpdates>{children}</LiveUpdates>
      </body>
    </html>
  );
}
