import { use } from "react";
import { Count } from "../../count.tsx";

/** One live counter. */
export default function OnePage({ params }: { params: Promise<{ name: string }> }) {
  return <Count name={use(params).name} />;
}
