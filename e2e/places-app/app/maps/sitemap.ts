import type { MetadataRoute } from "next";
import { probe } from "../../lib/probe.ts";

export async function generateSitemaps(): Promise<{ id: number }[]> {
  await probe("generateSitemaps");
  return [{ id: 0 }];
}

export default function sitemap(): MetadataRoute.Sitemap {
  return [];
}
