import { processState } from "../../core/process/process-state.ts";

/** Checks of a request for which a render is about to read signals, by name. One that throws refuses the request. */
export const requestChecks: Map<string, (request: { readonly headers: Headers }) => void> = processState(
  "request-checks",
  () => new Map(),
);
