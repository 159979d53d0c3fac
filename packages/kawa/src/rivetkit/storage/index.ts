export { redisStorage, type RedisStorageOptions } from "./redis-storage.ts";
export type { ColdRows, SignalStorage, StoreHandle as StorageSession, StoredRow } from "./storage.ts";
