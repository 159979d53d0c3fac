import type { Metadata } from "next";
import type { ReactElement, ReactNode } from "react";
import { Document } from "../../lib/document.tsx";

export const metadata: Metadata = { icons: { icon: "data:," } };

/** A second root layout: the browser loads a document where a visitor goes from one to the other. */
export default function HelpLayout({ children }: { children: ReactNode }): ReactElement {
  return <Document lang="en">{children}</Document>;
}
