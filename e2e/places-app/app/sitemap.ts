import type { MetadataRoute } from "next";
import { probe } from "../lib/probe.ts";

export default async function sitemap(): Promise<MetadataRoute.Sitemap> {
  await probe("sitemap");
  return [];
}
