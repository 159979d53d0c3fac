import Link from "next/link";
import { type ReactElement, type ReactNode, use } from "react";

type Props = { children: ReactNode; params: Promise<{ name: string }> };

/** Two pages below one layout, of which one is prefetched whole. */
export default function Layout({ children, params }: Props): ReactElement {
  const { name } = use(params);
  return (
    <>
      <input aria-label="Note" />
      <Link href={`/prefetched/${name}/inner/one`} prefetch={false}>
        One
      </Link>
      <Link href={`/prefetched/${name}/inner/two`} prefetch>
        Two
      </Link>
      {children}
    </>
  );
}
