import type { MetadataRoute } from "next";
import { probe } from "../lib/probe.ts";

export default async function manifest(): Promise<MetadataRoute.Manifest> {
  await probe("manifest");
  return { name: "Build time" };
}
