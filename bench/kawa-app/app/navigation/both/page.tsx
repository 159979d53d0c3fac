import { read } from "kawa";
import type { ReactElement } from "react";
import { ClientValue } from "../client-value.tsx";
import { Visited } from "../visited.tsx";
import { seen } from "../../../lib/signals.ts";

type Props = { searchParams: Promise<{ of: string }> };

export default async function BothPage({ searchParams }: Props): Promise<ReactElement> {
  const { of } = await searchParams;
  return (
    <Visited server={await read(seen(of))}>
      <ClientValue of={of} />
    </Visited>
  );
}
