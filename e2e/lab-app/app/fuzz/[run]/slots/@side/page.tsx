import { type ReactElement, use } from "react";
import { Value } from "../../../value.tsx";

type Props = { params: Promise<{ run: string }> };

export default function Side({ params }: Props): ReactElement {
  return <Value run={use(params).run} of="c" />;
}
