import { useReactive } from "kawa";
import Link from "next/link";
import { randomUUID } from "node:crypto";
import { type ReactNode, use } from "react";
import { labCounter } from "../../../lib/signals.ts";

const links = Array.from({ length: 20 }, (_, n) => `/counter/link-${n}`);

type Props = { children: ReactNode; params: Promise<{ name: string }> };

/** A layout with many links, whose renders show in a random text. */
export default function SegmentLayout({ children, params }: Props) {
  const { name } = use(params);
  return (
    <>
      <p data-testid="layout-render">{randomUUID()}</p>
      <output data-testid="layout">{useReactive(labCounter(`${name}-layout`))}</output>
      <nav>
        {links.map((href) => (
          <Link key={href} href={href}>
            {href}
          </Link>
        ))}
      </nav>
      {children}
    </>
  );
}
