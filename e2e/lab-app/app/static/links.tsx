import Link from "next/link";
import type { ReactElement } from "react";

const paths = ["/static/plain", "/static/isr", "/static/posts/a", "/static/forced", "/counter/static"];

export function Links(): ReactElement {
  return (
    <nav>
      {paths.map((path) => (
        <Link key={path} href={path}>
          {path}
        </Link>
      ))}
    </nav>
  );
}

/** When the page was rendered. */
export function stamp(): number {
  return Date.now();
}
