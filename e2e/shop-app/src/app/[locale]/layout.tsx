import type { Metadata } from "next";
import { type ReactElement, type ReactNode, use } from "react";
import { Document } from "../../lib/document.tsx";

/** Without an icon the browser asks for one, and the missing one is an error in its console. */
export const metadata: Metadata = { icons: { icon: "data:," } };

export default function RootLayout({
  children,
  params,
}: {
  children: ReactNode;
  params: Promise<{ locale: string }>;
}): ReactElement {
  return <Document lang={use(params).locale}>{children}</Document>;
}
