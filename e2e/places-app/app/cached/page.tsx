import { unstable_cache } from "next/cache";
import type { ReactElement } from "react";
import { probe, query } from "../../lib/probe.ts";

// The cache outlives a build.
const cached = unstable_cache(async () => {
  await probe("unstable_cache", { query });
  return 1;
}, ["build-time", String(process.pid)]);

export default async function CachedPage(): Promise<ReactElement> {
  return <p>{await cached()}</p>;
}
