import { notFound } from "next/navigation";
import { connection } from "next/server";
import type { ReactNode } from "react";
import { LiveIndicator } from "@/app/_components/live-indicator";
import { env } from "@/lib/env";

/** Pages of the end-to-end tests. */
export default async function LabLayout({ children }: { children: ReactNode }) {
  // At build time the environment of the server is not known.
  await connection();
  if (!env.isLab) notFound();
  return (
    <main>
      <LiveIndicator />
      {children}
    </main>
  );
}
