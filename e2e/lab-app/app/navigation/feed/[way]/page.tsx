import Link from "next/link";
import { type ReactElement, use } from "react";
import { Shown } from "../../shown.tsx";

type Props = { params: Promise<{ way: string }>; searchParams: Promise<{ name?: string }> };

export default function Page({ params, searchParams }: Props): ReactElement {
  const { way } = use(params);
  const { name = "feed" } = use(searchParams);
  return (
    <>
      <h1>Feed</h1>
      <Shown way={way} name={name} />
      <Link href={`/navigation/feed/${way}/photo/${name}-photo`}>Open</Link>
    </>
  );
}
