import { type Context, createContext } from "react";
import type { ValueRow } from "../browser/value-protocol.ts";

/** What client components need to show the values that the page was rendered with. */
export type ClientValues = {
  /** Id of the render that the page is of, `noRender` in a prerender. Pending where what depends on it has to wait. */
  readonly render: Promise<string>;
  /** The browser needs a row to show what the HTML shows. */
  readonly give: (row: ValueRow) => void;
};

/** Provided by `<LiveUpdates>{children}</LiveUpdates>`. */
export const ClientValuesContext: Context<ClientValues | undefined> = createContext<ClientValues | undefined>(
  undefined,
);
