"use client";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ReactElement, type ReactNode, useState } from "react";

/** The app's own client: its defaults would have every query fetch again, and again after an error. */
export function QueryProvider({ children }: { children: ReactNode }): ReactElement {
  const [client] = useState(
    () => new QueryClient({ defaultOptions: { queries: { staleTime: 0 }, mutations: { retry: 3 } } }),
  );
  return <QueryClientProvider client={client}>{children}</QueryClientProvider>;
}
