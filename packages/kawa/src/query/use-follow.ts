import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { Signal } from "../core/signal.ts";
import { followSignal } from "./live-queries.ts";

/** Keeps the query of a signal live in the client that the app provides, while the component is mounted. */
export function useFollow<T>(signal: Signal<T>): void {
  const client = useQueryClient();
  useEffect(() => followSignal(client, signal), [client, signal]);
}
