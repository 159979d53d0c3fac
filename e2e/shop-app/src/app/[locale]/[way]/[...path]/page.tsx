import { read } from "kawa";
import { notFound } from "next/navigation";
import type { ReactElement } from "react";
import { order } from "../../../../lib/actions.ts";
import { Shown } from "../../../../lib/shown.tsx";
import { stock } from "../../../../lib/signals.ts";
import { WaysOut } from "../../../../lib/ways-out.tsx";

type Props = {
  params: Promise<{ locale: string; way: string; path: string[] }>;
  searchParams: Promise<{ more?: string }>;
};

export default async function Page({ params, searchParams }: Props): Promise<ReactElement> {
  const { locale, way, path } = await params;
  const { more = "0" } = await searchParams;
  const name = path.join("-");
  if ((await read(stock(`${name}-gone`))) > 0) notFound();
  return (
    <>
      <h1>
        {locale} {name} {more}
      </h1>
      <Shown way={way} name={name} />
      <WaysOut way={way} name={path.join("/")} />
      <form action={order}>
        <input type="hidden" name="way" value={way} />
        <input type="hidden" name="name" value={name} />
        <button>Order</button>
      </form>
    </>
  );
}
