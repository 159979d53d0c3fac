import { type ReactElement, use } from "react";
import { ClientValue } from "../../client-value.tsx";
import { Note } from "../../note.tsx";
import { Value } from "../../value.tsx";

type Props = { params: Promise<{ run: string }> };

/** The same counter in a server and in a client component, and one that only the browser shows. */
export default function ClientPage({ params }: Props): ReactElement {
  const { run } = use(params);
  return (
    <>
      <Value run={run} of="a" />
      <ClientValue run={run} of="a" />
      <ClientValue run={run} of="c" />
      <Note of="client" />
    </>
  );
}
