import type { ReactElement } from "react";
import { backend } from "../../lib/backend.ts";
import { cells } from "../../lib/signals.ts";
import { Reads } from "./reads.tsx";

type Props = { searchParams: Promise<{ kind?: string }> };

/** `?kind=none`, `same` or `distinct`: how long so many reads take, in nanoseconds. */
export default async function ReadsPage({ searchParams }: Props): Promise<ReactElement> {
  const { kind } = await searchParams;
  await backend.load(cells.map(({ key }) => key));
  const sources = kind === "distinct" ? cells : kind === "same" ? cells.map(() => cells[0]!) : [];
  return <Reads sources={sources} />;
}
