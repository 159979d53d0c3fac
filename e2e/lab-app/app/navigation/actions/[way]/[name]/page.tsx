import Link from "next/link";
import { type ReactElement, use } from "react";
import { labCounter } from "../../../../../lib/signals.ts";
import { create } from "../../../actions.ts";
import { Shown } from "../../../shown.tsx";
import { Calls } from "./calls.tsx";
import { Leave } from "./leave.tsx";
import { More } from "./more.tsx";

type Props = {
  params: Promise<{ way: string; name: string }>;
  searchParams: Promise<Record<string, string | undefined>>;
};

export default function Page({ params, searchParams }: Props): ReactElement {
  const { way, name } = use(params);
  const { more } = use(searchParams);
  const target = `/navigation/target/${way}/${name}-target`;
  return (
    <>
      <h1>Actions</h1>
      <Shown way={way} name={name} />
      <form action={create}>
        <input type="hidden" name="name" value={name} />
        <input name="waitMs" aria-label="Wait" defaultValue="0" />
        <input name="to" aria-label="To" defaultValue={target} />
        <input name="cookie" aria-label="Cookie" />
        <button>Create</button>
      </form>
      <Calls name={name} target={target} />
      <Link href={`${target}?moved=1`} prefetch={false}>
        Moved
      </Link>
      <Leave signal={labCounter(name)} to={target} />
      <More more={more} signal={labCounter(`${name}-more`)} />
    </>
  );
}
