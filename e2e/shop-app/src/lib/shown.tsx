import { useReactive } from "kawa";
import { LivePage, reactive } from "kawa/next";
import type { ReactElement } from "react";
import { ClientStock } from "./client-stock.tsx";
import { stock } from "./signals.ts";

type Props = { readonly way: string; readonly name: string };

/** A number that is shown in one of the ways of refreshing. */
export function Shown({ way, name }: Props): ReactElement {
  return (
    <div data-testid={`shown-${name}`}>
      {way === "fragment" ? (
        <StockFragment name={name} />
      ) : way === "client" ? (
        <ClientStock name={name} />
      ) : (
        <Stock name={name} />
      )}
      <input aria-label={`Note of ${name}`} />
      {way === "page" ? <LivePage /> : null}
    </div>
  );
}

function Stock({ name }: { name: string }): ReactElement {
  return <output>{useReactive(stock(name))}</output>;
}

const StockFragment = reactive(Stock);
