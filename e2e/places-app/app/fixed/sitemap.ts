import type { MetadataRoute } from "next";
import { connection } from "next/server";
import { counter } from "../../lib/signals.ts";

export default async function sitemap(): Promise<MetadataRoute.Sitemap> {
  await connection();
  return [{ url: `http://localhost/${await counter.get()}` }];
}
