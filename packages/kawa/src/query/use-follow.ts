import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { followSignal } from "./live-queries.ts";
import type { QuerySource } from "./query-source.ts";

/** Keeps the query of a signal live in the client that the app provides, while the component is mounted. */
export function useFollow<T>(source: QuerySource<T>): void {
  const client = useQueryClient();
  useEffect(() => followSignal(client, source), [client, source]);
}
