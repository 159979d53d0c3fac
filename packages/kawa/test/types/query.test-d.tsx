import type { QueryClient } from "@tanstack/react-query";
import { expectTypeOf, test } from "vitest";
import { collection, namespace, type Row, signal } from "../../src/index.ts";
import {
  prefetchSignal,
  signalQueryOptions,
  useSignalMutation,
  type UseSignalMutationOptions,
  type UseSignalMutationResult,
  useSignalQuery,
  type UseSignalQueryOptions,
  useSuspenseSignalQuery,
} from "../../src/query/index.ts";

type Cart = { readonly items: readonly string[] };
const cart = signal<Cart>("query-types:cart", { items: [] }, { expose: "write" });

test("a query has the type of its signal, or of what `select` makes of it", () => {
  const useCart = () => useSignalQuery(cart);
  const useCount = () => useSignalQuery(cart, { select: ({ items }) => items.length });
  const useSuspenseCart = () => useSuspenseSignalQuery(cart);
  const useSuspenseCount = () => useSuspenseSignalQuery(cart, { select: ({ items }) => items.length });
  expectTypeOf(useCart).returns.toHaveProperty("data").toEqualTypeOf<Cart | undefined>();
  expectTypeOf(useCount).returns.toHaveProperty("data").toEqualTypeOf<number | undefined>();
  expectTypeOf(useSuspenseCart).returns.toHaveProperty("data").toEqualTypeOf<Cart>();
  expectTypeOf(useSuspenseCount).returns.toHaveProperty("data").toEqualTypeOf<number>();
});

test("a query of a collection has the type of its rows, and null where there is no first row", () => {
  type Todo = { readonly title: string };
  const todos = collection<Todo>(namespace("query-types"), "todos", { expose: "write" });
  const useRows = () => useSignalQuery(todos.query());
  const useTitles = () =>
    useSuspenseSignalQuery(todos.query(), { select: (rows) => rows.map((row) => row.value.title) });
  const useFirst = () => useSuspenseSignalQuery(todos.first());
  const useCount = () => useSuspenseSignalQuery(todos.count());
  const useRow = () => useSuspenseSignalQuery(todos("a"), { select: (todo) => todo?.title });
  expectTypeOf(useRows).returns.toHaveProperty("data").toEqualTypeOf<readonly Row<Todo>[] | undefined>();
  expectTypeOf(useTitles).returns.toHaveProperty("data").toEqualTypeOf<string[]>();
  expectTypeOf(useFirst).returns.toHaveProperty("data").toEqualTypeOf<Row<Todo> | null>();
  expectTypeOf(useCount).returns.toHaveProperty("data").toEqualTypeOf<number>();
  expectTypeOf(useRow).returns.toHaveProperty("data").toEqualTypeOf<string | undefined>();
  const read = (client: QueryClient) => client.getQueryData(signalQueryOptions(todos.first()).queryKey);
  expectTypeOf(read).returns.toEqualTypeOf<Row<Todo> | null | undefined>();
});

test("how a query is read and kept current is not an option", () => {
  type Options = UseSignalQueryOptions<Cart>;
  expectTypeOf<Options>().not.toHaveProperty("refetchInterval");
  expectTypeOf<Options>().not.toHaveProperty("queryFn");
  expectTypeOf<UseSignalMutationOptions<Cart>>().not.toHaveProperty("mutationFn");
});

test("the key of a query knows the type of its data", () => {
  const read = (client: QueryClient) => client.getQueryData(signalQueryOptions(cart).queryKey);
  const fetch = (client: QueryClient) => client.fetchQuery(signalQueryOptions(cart));
  expectTypeOf(read).returns.toEqualTypeOf<Cart | undefined>();
  expectTypeOf(fetch).returns.resolves.toEqualTypeOf<Cart>();
  expectTypeOf(prefetchSignal<Cart>).returns.toEqualTypeOf<Promise<void>>();
});

test("a mutation takes a value or a function of the current one", () => {
  type Mutate = UseSignalMutationResult<Cart>["mutate"];
  expectTypeOf(useSignalMutation<Cart>).returns.toEqualTypeOf<UseSignalMutationResult<Cart>>();
  expectTypeOf<Mutate>().toBeCallableWith({ items: ["tea"] });
  expectTypeOf<Mutate>().toBeCallableWith((current: Cart) => ({ items: [...current.items, "tea"] }));
  const mutate: Mutate = () => {};
  // @ts-expect-error - no items
  mutate({});
});
