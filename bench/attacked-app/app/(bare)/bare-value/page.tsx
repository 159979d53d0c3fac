import type { ReactElement } from "react";
import { ShownValue } from "../../(live)/value/shown-value.tsx";

/** What the page of the value shows, of a value that is no signal: a text within so many lists. */
export default async function BareValuePage({
  searchParams,
}: {
  searchParams: Promise<{ levels?: string }>;
}): Promise<ReactElement> {
  let value: unknown = "x";
  for (let level = Number((await searchParams).levels ?? 0); level > 0; level -= 1) value = [value];
  return <ShownValue value={value} />;
}
