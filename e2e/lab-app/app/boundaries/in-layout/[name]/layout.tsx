import { useReactive } from "kawa";
import { type ReactElement, type ReactNode, use } from "react";
import { labCounter } from "../../../../lib/signals.ts";
import { failBelow } from "../../fail-below.ts";

export default function Layout({
  children,
  params,
}: {
  children: ReactNode;
  params: Promise<{ name: string }>;
}): ReactElement {
  const count = useReactive(labCounter(use(params).name));
  failBelow(count, "not-found");
  return (
    <>
      <output>{count}</output>
      {children}
    </>
  );
}
