import { membersOf, useReactive } from "kawa";
import { use } from "react";
import { labVisitors } from "@/lib/lab-signals";
import { Visitor } from "./visitor";

/** Who is here, in the HTML. A visitor without `?as=` looks without being seen. */
export default function PresencePage(props: { params: Promise<{ room: string }>; searchParams: Promise<{ as?: string }> }) {
  const { room } = use(props.params);
  const { as: name } = use(props.searchParams);
  const visitors = useReactive(membersOf(labVisitors, { room }));
  return (
    <>
      <h1>{room}</h1>
      <p data-testid="here">{`${visitors.size} ${visitors.size === 1 ? "person" : "people"} here`}</p>
      <p data-testid="names">{[...visitors.values()].sort().join(", ")}</p>
      <Visitor room={room} name={name} />
    </>
  );
}
