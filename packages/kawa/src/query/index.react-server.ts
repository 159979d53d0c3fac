export { prefetchSignal } from "./prefetch-signal.ts";
export type { QueryData, QuerySource } from "./query-source.ts";
export { type SignalQueryKey, signalQueryOptions, type SignalQueryOptions } from "./signal-query-options.ts";
export {
  useSignalMutation,
  type UseSignalMutationOptions,
  type UseSignalMutationResult,
} from "./use-signal-mutation.react-server.ts";
export { useSignalQuery, type UseSignalQueryOptions, useSuspenseSignalQuery } from "./use-signal-query.react-server.ts";
