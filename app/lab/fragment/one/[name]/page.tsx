import { use } from "react";
import { Count } from "../../count";

/** One live counter beside a text field. */
export default function OnePage({ params }: { params: Promise<{ name: string }> }) {
  const { name } = use(params);
  return (
    <>
      <input aria-label="Note" />
      <Count name={name} />
    </>
  );
}
