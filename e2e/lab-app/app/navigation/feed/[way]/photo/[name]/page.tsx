import { type ReactElement, use } from "react";
import { Shown } from "../../../../shown.tsx";

export default function Page({ params }: { params: Promise<{ way: string; name: string }> }): ReactElement {
  const { way, name } = use(params);
  return (
    <>
      <h1>Photo</h1>
      <Shown way={way} name={name} />
    </>
  );
}
