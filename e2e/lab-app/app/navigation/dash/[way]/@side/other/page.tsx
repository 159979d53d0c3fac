import { type ReactElement, use } from "react";
import { Shown } from "../../../../shown.tsx";

/** Only this slot has the address: the others go on with what they show. */
export default function OtherSide({ params }: { params: Promise<{ way: string }> }): ReactElement {
  const { way } = use(params);
  return <Shown way={way} name={`dash-other-${way}`} />;
}
