import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createElement, type ReactElement } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { rowOf, stubBrowser } from "../../test/support/fake-route.ts";
import { browserBackend } from "../browser/global-backend.ts";
import type { ValueRow } from "../browser/value-protocol.ts";
import { collection } from "../core/collection.ts";
import { isKawaError } from "../core/errors/errors.ts";
import { namespace } from "../core/namespace.ts";
import { unfitText } from "../core/value/unfit-text.ts";
import { followSignal } from "./live-queries.ts";
import type { QuerySource } from "./query-source.ts";
import { signalQueryOptions } from "./signal-query-options.ts";
import { useSignalQuery } from "./use-signal-query.ts";

beforeEach(() => void stubBrowser());
afterEach(() => vi.unstubAllGlobals());

const app = namespace("hooked-query");
const todos = collection<{ readonly title: string }>(app, "todos", { expose: "read" });

function Shown({ of }: { of: QuerySource<unknown> }): ReactElement {
  const { status, data, error } = useSignalQuery(of);
  return createElement("p", undefined, `${status} ${JSON.stringify(data)} ${isKawaError(error) ? error.code : "-"}`);
}

/** What a component shows of a query that another one has followed before, while its value cannot be shown. */
async function shownOf(of: QuerySource<unknown>, rows: readonly ValueRow[], unfit: ValueRow): Promise<string> {
  const client = new QueryClient();
  await browserBackend().receive(rows);
  const { queryKey } = signalQueryOptions(of);
  client.setQueryData(queryKey, null);
  const stop = followSignal(client, of);
  await browserBackend().receive([unfit]);
  const html = renderToString(createElement(QueryClientProvider, { client }, createElement(Shown, { of })));
  stop();
  client.clear();
  return html.replaceAll("&quot;", '"');
}

it("is an error of the query, and not of the page, where the value cannot be shown", async () => {
  const signal = app.signal("n", 0, { expose: "read" });
  const html = await shownOf(signal, [rowOf(signal.key, 7, 1)], [signal.key, unfitText("VALUE_INVALID"), 2, "e1"]);
  expect(html).toBe("<p>error 7 VALUE_INVALID</p>");
});

it("is one of a query of one row too", async () => {
  const first = todos.first();
  const { list } = first.parts!;
  const row = todos("a").key;
  const html = await shownOf(
    first as QuerySource<unknown>,
    [rowOf(list.key, ["a"], 1), rowOf(row, { title: "A" }, 1)],
    [row, unfitText("VALUE_NOT_MIGRATED"), 2, "e1"],
  );
  expect(html).toBe('<p>error {"id":"a","value":{"title":"A"}} VALUE_NOT_MIGRATED</p>');
});
