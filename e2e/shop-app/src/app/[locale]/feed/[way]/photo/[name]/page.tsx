import { type ReactElement, use } from "react";
import { Shown } from "../../../../../../lib/shown.tsx";

export default function Page({ params }: { params: Promise<{ way: string; name: string }> }): ReactElement {
  const { way, name } = use(params);
  return <Shown way={way} name={name} />;
}
