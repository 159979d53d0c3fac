import Link from "next/link";
import { type ReactElement, use } from "react";
import { Shown } from "../../../../lib/shown.tsx";

export default function Page({ params }: { params: Promise<{ way: string }> }): ReactElement {
  const { way } = use(params);
  return (
    <>
      <Shown way={way} name={`feed-${way}`} />
      <Link href={`/feed/${way}/photo/photo-${way}`}>Open</Link>
    </>
  );
}
