import { type ReactElement, use } from "react";
import { create } from "../../../../../actions.ts";
import { Shown } from "../../../../../shown.tsx";

export default function Modal({ params }: { params: Promise<{ way: string; name: string }> }): ReactElement {
  const { way, name } = use(params);
  return (
    <section role="dialog" aria-label="Photo">
      <Shown way={way} name={name} />
      <form action={create}>
        <input type="hidden" name="name" value={name} />
        <input type="hidden" name="to" value={`/navigation/target/${way}/${name}-target`} />
        <button>Create</button>
      </form>
    </section>
  );
}
