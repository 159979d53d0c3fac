import type { Backend } from "./backend.ts";

/** The backend that has a key: a shard where there are any. */
export function homeOf(backend: Backend, key: string): Backend {
  return backend.shardOf?.(key) ?? backend;
}
