import { read } from "kawa";
import { LivePage } from "kawa/next";
import type { Metadata } from "next";
import type { ReactElement } from "react";
import { labCounter } from "../../../../../lib/signals.ts";
import { writeIn, Writes, WritingFragment } from "./writing.tsx";

type Props = { params: Promise<{ way: string; kind: string; name: string }> };

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { name, kind } = await params;
  await writeIn("metadata", { name, kind });
  return { title: `${name}: ${await read(labCounter(name))}` };
}

export default async function Page({ params }: Props): Promise<ReactElement> {
  const { way, ...writing } = await params;
  return (
    <>
      {way === "fragment" ? <WritingFragment {...writing} /> : <Writes {...writing} />}
      {way === "page" ? <LivePage /> : null}
    </>
  );
}
