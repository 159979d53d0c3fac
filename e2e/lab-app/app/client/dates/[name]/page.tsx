import { use } from "react";
import { When } from "./when.tsx";

type Props = { params: Promise<{ name: string }> };

/** A value of a kind that JSON does not know, in a client component. */
export default function DatesPage({ params }: Props) {
  return <When name={use(params).name} />;
}
