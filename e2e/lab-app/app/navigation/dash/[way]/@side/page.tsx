import { type ReactElement, use } from "react";
import { Shown } from "../../../shown.tsx";

export default function Side({ params }: { params: Promise<{ way: string }> }): ReactElement {
  const { way } = use(params);
  return <Shown way={way} name={`dash-side-${way}`} />;
}
