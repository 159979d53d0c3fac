import { useReactive } from "kawa";
import { type ReactElement, use } from "react";
import { labList } from "../../../lib/signals.ts";
import { List } from "./list.tsx";

export default function Page({ params }: { params: Promise<{ name: string }> }): ReactElement {
  const { name } = use(params);
  return <List name={name} items={useReactive(labList(name))} />;
}
