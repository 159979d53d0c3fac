import { useServerInsertedHTML } from "next/navigation";
import { type ReactElement, type ReactNode, useState } from "react";
import { rowsAttribute } from "../../browser/hydration-rows.ts";
import type { ValueRow } from "../../browser/value-protocol.ts";
import { type ClientValues, ClientValuesContext } from "../../react/values-context.ts";

/**
 * Lets client components show the values that the page was rendered with, first in the HTML and then in the browser, which finds
 * them in data blocks: no content security policy forbids these, for they are not run.
 */
export function ValuesProvider({ render, children }: { render: Promise<string>; children: ReactNode }): ReactElement {
  const [rows] = useState(() => new UnsentRows());
  const [values] = useState((): ClientValues => ({ render, give: (row) => rows.add(row) }));
  // Next puts it before the HTML that was made meanwhile.
  useServerInsertedHTML(() => {
    const text = rows.take();
    if (text === undefined) return null;
    return <script type="application/json" {...{ [rowsAttribute]: "" }} dangerouslySetInnerHTML={{ __html: text }} />;
  });
  return <ClientValuesContext value={values}>{children}</ClientValuesContext>;
}

/** Rows that HTML shows, and that the browser has not been given. */
class UnsentRows {
  readonly #keys = new Set<string>();
  #rows: ValueRow[] = [];

  add(row: ValueRow): void {
    if (this.#keys.has(row[0])) return;
    this.#keys.add(row[0]);
    this.#rows.push(row);
  }

  /** Takes the rows, as JSON that is safe inside of a script element. */
  take(): string | undefined {
    if (this.#rows.length === 0) return undefined;
    const text = JSON.stringify(this.#rows).replaceAll("<", "\\u003c");
    this.#rows = [];
    return text;
  }
}
