import type { Metadata } from "next";
import { connection } from "next/server";
import { notFound } from "next/navigation";
import type { ReactElement } from "react";

type Props = { params: Promise<{ kind: string }> };

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  if ((await params).kind === "metadata") throw new Error("a mistake of the metadata");
  return {};
}

/** Ends in one of the pages that Next brings along. */
export default async function Page({ params }: Props): Promise<ReactElement> {
  await connection();
  const { kind } = await params;
  if (kind === "missing") notFound();
  throw new Error("a mistake of the page");
}
