import { type Context, createContext } from "react";
import type { ValueRow } from "../browser/value-protocol.ts";

/** What client components need to be hydrated with the values that the page was rendered with. */
export type ClientValues = {
  /** Id of the render that made the page, `noRender` in a prerender. Pending where whatever depends on it has to wait. */
  readonly render: Promise<string>;
  /** Gives the browser a row, which it needs to show what the HTML shows. */
  readonly give: (row: ValueRow) => void;
};

/** Provided by `<LiveUpdates>{children}</LiveUpdates>`. */
export const ClientValuesContext: Context<ClientValues | undefined> = createContext<ClientValues | undefined>(
  undefined,
);
