export { redisStorage, type RedisStorageOptions } from "./redis-storage.ts";
export type { SignalStorage, StorageSession, StoredRow } from "./storage.ts";
