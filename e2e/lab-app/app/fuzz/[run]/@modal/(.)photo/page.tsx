import { type ReactElement, use } from "react";
import { Value } from "../../../value.tsx";

type Props = { params: Promise<{ run: string }> };

/** A photo over whichever page it was opened from. */
export default function Modal({ params }: Props): ReactElement {
  return (
    <dialog open>
      <Value run={use(params).run} of="c" />
    </dialog>
  );
}
