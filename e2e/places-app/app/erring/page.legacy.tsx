import type { ReactElement } from "react";
import { probe } from "../../lib/probe.ts";

export const dynamic = "error";

export default async function ErringPage(): Promise<ReactElement> {
  await probe("error page");
  return <p>A page that must be static</p>;
}
