import Link from "next/link";
import { type ReactElement, use } from "react";
import { Shown } from "../../shown.tsx";

export default function Page({ params }: { params: Promise<{ way: string }> }): ReactElement {
  const { way } = use(params);
  return (
    <>
      <Shown way={way} name={`dash-main-${way}`} />
      <Link href={`/navigation/dash/${way}/other`}>Side alone</Link>
    </>
  );
}
