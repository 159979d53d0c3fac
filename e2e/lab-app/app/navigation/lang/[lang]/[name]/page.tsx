import { type ReactElement, use } from "react";
import { Shown } from "../../../shown.tsx";

/** Reached through the middleware alone, which rewrites /en/… and /de/… */
export default function Page({
  params,
  searchParams,
}: {
  params: Promise<{ lang: string; name: string }>;
  searchParams: Promise<{ way?: string }>;
}): ReactElement {
  const { lang, name } = use(params);
  const { way = "route" } = use(searchParams);
  return (
    <>
      <h1>{lang === "de" ? "Hallo" : "Hello"}</h1>
      <Shown way={way} name={name} />
    </>
  );
}
