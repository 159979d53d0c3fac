import { permanentRedirect } from "next/navigation";
import { type ReactElement, Suspense, use } from "react";
import { Shown } from "../../../shown.tsx";

type Props = {
  params: Promise<{ way: string; name: string }>;
  searchParams: Promise<{ waitMs?: string; late?: string; moved?: string }>;
};

export default function Page({ params, searchParams }: Props): ReactElement {
  const { way, name } = use(params);
  return (
    <>
      <h1>Target</h1>
      <Slow options={searchParams} />
      <Shown way={way} name={name} />
      <Suspense fallback={<p>Waiting</p>}>
        <Moved options={searchParams} to={`/navigation/target/${way}/${name}-moved`} />
      </Suspense>
    </>
  );
}

/** Holds up the whole page. */
async function Slow({ options }: { options: Props["searchParams"] }): Promise<null> {
  const { waitMs } = await options;
  if (waitMs) await new Promise((resolve) => void setTimeout(resolve, Number(waitMs)));
  return null;
}

/** Leaves the page when it is on the screen already. */
async function Moved({ options, to }: { options: Props["searchParams"]; to: string }): Promise<null> {
  const { moved } = await options;
  if (!moved) return null;
  await new Promise((resolve) => void setTimeout(resolve, 300));
  return permanentRedirect(to);
}
