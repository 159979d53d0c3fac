import { use } from "react";
import { Hidden } from "./hidden.tsx";

type Props = { params: Promise<{ name: string }> };

/** A client component that reads what is not for browsers. */
export default function HiddenPage({ params }: Props) {
  return <Hidden name={use(params).name} />;
}
