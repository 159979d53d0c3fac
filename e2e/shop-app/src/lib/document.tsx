import { LiveUpdates } from "kawa/next";
import Image, { type StaticImageData } from "next/image";
import type { ReactElement, ReactNode } from "react";
import "./backend.ts";
import { LiveIndicator } from "./live-indicator.tsx";
import mark from "./mark.svg";
import "./shop.css";

/** What both root layouts show. */
export function Document({ lang, children }: { lang: string; children: ReactNode }): ReactElement {
  return (
    <html lang={lang}>
      <body>
        <Image src={mark as StaticImageData} alt="Mark" unoptimized />
        <LiveIndicator />
        <LiveUpdates>{children}</LiveUpdates>
      </body>
    </html>
  );
}
