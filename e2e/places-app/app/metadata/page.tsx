import type { Metadata, Viewport } from "next";
import type { ReactElement } from "react";
import { probe } from "../../lib/probe.ts";

export async function generateMetadata(): Promise<Metadata> {
  await probe("generateMetadata");
  return { title: "Metadata" };
}

export async function generateViewport(): Promise<Viewport> {
  await probe("generateViewport");
  return { themeColor: "white" };
}

export default function MetadataPage(): ReactElement {
  return <p>A page with metadata</p>;
}
