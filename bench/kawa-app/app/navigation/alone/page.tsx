import { read } from "kawa";
import type { ReactElement } from "react";
import { Visited } from "../visited.tsx";
import { seen } from "../../../lib/signals.ts";

type Props = { searchParams: Promise<{ of: string }> };

export default async function AlonePage({ searchParams }: Props): Promise<ReactElement> {
  return <Visited server={await read(seen((await searchParams).of))} />;
}
