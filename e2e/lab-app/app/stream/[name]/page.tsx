import { use } from "react";
import { useTicks } from "../../../lib/streams.ts";

function Ticks({ name }: { name: string }) {
  return <output>{useTicks(name)}</output>;
}

/** What two components show of one stream that ticks while somebody looks. */
export default function StreamPage({ params }: { params: Promise<{ name: string }> }) {
  const { name } = use(params);
  return (
    <>
      <Ticks name={name} />
      <Ticks name={name} />
    </>
  );
}
