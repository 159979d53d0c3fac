import { cacheSignal } from "react";
import type { Backend, Entry, Reader } from "../core/backend/backend.ts";
import { backed, type Signal } from "../core/signal.ts";
import { checkExposed } from "../react/check-exposed.ts";
import { requestScope } from "../react/render/request-scope.ts";
import { dataOf, heldBy, leadOf, partsOf, type QuerySource } from "./query-source.ts";
import { noteVersion } from "./query-version.ts";
import type { SourceOptions } from "./signal-source.ts";

/** How a query reads a signal on the server: in a render the value that its other components see, else the current one. */
export function sourceOptions<T>(source: QuerySource<T>): SourceOptions<T> {
  const lead = leadOf(source);
  checkExposed(lead);
  return {
    queryFn: async ({ client, queryKey }) => {
      const { backend } = lead.read;
      const reader = await openReader(backend);
      const value = await loaded(source, reader);
      const entryOf = (key: string): Entry => reader.entry(key).peek();
      const entries = heldBy(source, value).map(([key]) => entryOf(key));
      // A key that a hook hides looks like one that does not exist, and an undefined that is stored is null in the cache.
      const isClear = entries.every(({ state }) => state === "present" || !backend.isGuarded);
      if (
        isClear &&
        (value !== undefined || partsOf(source) || entries[0]!.state === "absent") &&
        isWhole(source, value, entryOf)
      )
        noteVersion(client, queryKey, { entries, epoch: (reader.version ?? backend.version).epoch });
      return dataOf<T>(value);
    },
  };
}

/** False where rows are left out that cannot be shown: a browser would take the others for the whole list of that version. */
function isWhole(source: QuerySource<unknown>, value: unknown, entryOf: (key: string) => Entry): boolean {
  const parts = partsOf(source);
  if (!parts) return true;
  const { list, rowSignal } = parts;
  const present = list.valueIn(entryOf(list.key)).filter((id) => entryOf(rowSignal(id).key).state === "present");
  return present.length === heldBy(source, value).length - 1;
}

async function loaded<T>(source: QuerySource<T>, reader: Reader): Promise<T> {
  const parts = partsOf(source);
  if (parts) return parts.load(reader);
  await reader.load([source.key]);
  return backed(source as Signal<T>).valueIn(reader.entry(source.key).peek());
}

async function openReader(backend: Backend): Promise<Reader & Partial<Pick<Backend, "version">>> {
  // Only renders have a cache signal.
  if (cacheSignal() === null) return backend.readerFor();
  const scope = requestScope();
  await scope.markDynamic();
  return scope.snapshots.open(backend);
}
