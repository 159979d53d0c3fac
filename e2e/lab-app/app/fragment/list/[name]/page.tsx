import { use } from "react";
import { Count } from "../../count.tsx";

const length = 50;

/** Fifty live counters, `<name>-0` to `<name>-49`. */
export default function ListPage({ params }: { params: Promise<{ name: string }> }) {
  const { name } = use(params);
  return Array.from({ length }, (_, index) => <Count key={index} name={`${name}-${index}`} />);
}
