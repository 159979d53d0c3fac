import type { MetadataRoute } from "next";
import { probe } from "../lib/probe.ts";

export default async function robots(): Promise<MetadataRoute.Robots> {
  await probe("robots");
  return { rules: [] };
}
