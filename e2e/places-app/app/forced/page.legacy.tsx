import type { ReactElement } from "react";
import { probe, query } from "../../lib/probe.ts";

export const dynamic = "force-static";

export default async function ForcedPage(): Promise<ReactElement> {
  await probe("force-static page", { query });
  return <p>A page that is static</p>;
}
