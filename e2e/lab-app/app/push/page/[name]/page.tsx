import { useReactive } from "kawa";
import { LivePage, reactive } from "kawa/next";
import { notFound, redirect } from "next/navigation";
import { type ReactElement, use } from "react";
import { labCounter } from "../../../../lib/signals.ts";
import { Clicker } from "../../../clicker.tsx";

type Props = { params: Promise<{ name: string }>; searchParams: Promise<{ color?: string }> };

/** A whole page that is pushed. */
export default reactive(function PushedPage({ params, searchParams }: Props): ReactElement {
  const { name } = use(params);
  const { color = "none" } = use(searchParams);
  const count = useReactive(labCounter(name));
  if (count === 404) notFound();
  if (count === 302) redirect("/");
  if (count === 500) throw new Error("The count is 500.");
  return (
    <>
      <h1>{color}</h1>
      <output>{count}</output>
      <Clicker />
      <LivePage />
    </>
  );
});
