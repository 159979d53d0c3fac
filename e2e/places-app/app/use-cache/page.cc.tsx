import type { ReactElement } from "react";
import { probe } from "../../lib/probe.ts";

async function cached(): Promise<number> {
  "use cache";
  await probe("use cache");
  return 1;
}

export default async function UseCachePage(): Promise<ReactElement> {
  return <p>{await cached()}</p>;
}
