import { cacheSignal } from "react";
import type { Backend, Reader } from "../core/backend/backend.ts";
import { backed, type Signal } from "../core/signal.ts";
import { checkExposed } from "../react/check-exposed.ts";
import { requestScope } from "../react/render/request-scope.ts";
import { noteVersion } from "./query-version.ts";
import type { SourceOptions } from "./signal-source.ts";

/** How a query reads a signal on the server: in a render the value that its other components see, else the current one. */
export function sourceOptions<T>(signal: Signal<T>): SourceOptions<T> {
  const source = backed(signal);
  checkExposed(source);
  return {
    queryFn: async ({ client, queryKey }) => {
      const { backend, key } = source.read;
      const reader = await openReader(backend);
      await reader.load([key]);
      const entry = reader.entry(key).peek();
      // A key that a hook hides looks like one that does not exist.
      const isHidden = backend.isGuarded && entry.state !== "present";
      if (!isHidden) noteVersion(client, queryKey, entry, (reader.version ?? backend.version).epoch);
      return source.valueIn(entry);
    },
  };
}

async function openReader(backend: Backend): Promise<Reader & Partial<Pick<Backend, "version">>> {
  // Only renders have a cache signal.
  if (cacheSignal() === null) return backend.readerFor();
  const scope = requestScope();
  await scope.markDynamic();
  return scope.snapshots.open(backend);
}
