import { useReactive } from "kawa";
import { LivePage, reactive } from "kawa/next";
import type { ReactElement } from "react";
import { labCounter } from "../../lib/signals.ts";
import { Note } from "./note.tsx";

type Props = { readonly way: string; readonly name: string };

/** A counter that is shown in one of the three ways, with a text field beside it. */
export function Shown({ way, name }: Props): ReactElement {
  return (
    <div data-testid={`shown-${name}`}>
      {way === "fragment" ? <CountFragment name={name} /> : <Count name={name} />}
      <Note label={`Note of ${name}`} />
      {way === "page" ? <LivePage /> : null}
    </div>
  );
}

function Count({ name }: { name: string }): ReactElement {
  return <output>{useReactive(labCounter(name))}</output>;
}

const CountFragment = reactive(Count);
