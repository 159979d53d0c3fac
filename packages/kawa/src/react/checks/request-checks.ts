import { processState } from "../../core/process/process-state.ts";

/** By name, what refuses a request for which a render is about to read signals, by throwing. */
export const requestChecks: Map<string, (request: { readonly headers: Headers }) => void> = processState(
  "request-checks",
  () => new Map(),
);
