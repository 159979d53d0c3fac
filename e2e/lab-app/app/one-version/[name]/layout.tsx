import Link from "next/link";
import { type ReactElement, type ReactNode, use } from "react";
import { QueryProvider } from "../../query-provider.tsx";

const pages = [
  "home",
  "same",
  "live-page",
  "fragment",
  "two",
  "sum",
  "soon",
  "late",
  "after",
  "query",
  "tabs",
] as const;

/** Links that fetch nothing before they are clicked. */
export default function Layout({
  children,
  params,
}: {
  children: ReactNode;
  params: Promise<{ name: string }>;
}): ReactElement {
  const { name } = use(params);
  return (
    <QueryProvider>
      <nav>
        {pages.map((page) => (
          <Link key={page} href={`/one-version/${name}/${page}`} prefetch={false}>
            {page}
          </Link>
        ))}
      </nav>
      {children}
    </QueryProvider>
  );
}
