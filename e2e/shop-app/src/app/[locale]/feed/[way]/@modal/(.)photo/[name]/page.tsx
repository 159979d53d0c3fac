import { type ReactElement, use } from "react";
import { Shown } from "../../../../../../../lib/shown.tsx";

export default function Modal({ params }: { params: Promise<{ way: string; name: string }> }): ReactElement {
  const { way, name } = use(params);
  return (
    <section role="dialog" aria-label="Photo">
      <Shown way={way} name={name} />
    </section>
  );
}
