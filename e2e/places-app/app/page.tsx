import type { ReactElement } from "react";
import { probe } from "../lib/probe.ts";

export default async function Page(): Promise<ReactElement> {
  await probe("page");
  return <p>A page</p>;
}
