import { useReactive } from "kawa";
import type { ReactElement } from "react";
import { labCounter } from "../../../lib/signals.ts";
import { Links } from "../links.tsx";

export default function Page(): ReactElement {
  return (
    <main>
      <output>{useReactive(labCounter("static"))}</output>
      <Links />
    </main>
  );
}
