import { useReactive } from "kawa";
import { type ReactElement, type ReactNode, use } from "react";
import { labCounter } from "../../../../../lib/signals.ts";

/** Shows what was rendered last, also while the page cannot be shown; not around `<LivePage />`, which says that no layout reads. */
export default function Layout({
  children,
  params,
}: {
  children: ReactNode;
  params: Promise<{ way: string; name: string }>;
}): ReactElement {
  const { way, name } = use(params);
  return (
    <>
      {way === "page" ? null : <Seen name={name} />}
      {children}
    </>
  );
}

function Seen({ name }: { name: string }): ReactElement {
  return <p data-testid="seen">{useReactive(labCounter(name))}</p>;
}
