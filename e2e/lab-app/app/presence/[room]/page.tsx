import { membersOf, useReactive } from "kawa";
import { use } from "react";
import { labResidents, labVisitors } from "../../../lib/signals.ts";
import { Visitor } from "./visitor.tsx";

type Props = { params: Promise<{ room: string }>; searchParams: Promise<{ as?: string; stay?: string }> };

/** Who is here, in the HTML. A visitor without `?as=` looks without being seen. */
export default function PresencePage({ params, searchParams }: Props) {
  const { room } = use(params);
  const { as: name, stay } = use(searchParams);
  const visitors = useReactive(membersOf(stay === undefined ? labVisitors : labResidents, { room }));
  return (
    <>
      <h1>{room}</h1>
      <p data-testid="here">{`${visitors.size} ${visitors.size === 1 ? "person" : "people"} here`}</p>
      <p data-testid="names">{[...visitors.values()].sort().join(", ")}</p>
      <Visitor room={room} name={name} isResident={stay !== undefined} />
    </>
  );
}
