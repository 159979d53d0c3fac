import { randomUUID } from "node:crypto";
import { KawaError } from "../../core/errors/errors.ts";
import { env } from "../settings/env.ts";
import { RedisConnection } from "./redis-connection.ts";
import { isCold } from "./cold-keys.ts";
import type { ColdRows, SignalStorage, StoreHandle, StoredRow } from "./storage.ts";

/** Options of {@link redisStorage}. */
export type RedisStorageOptions = {
  /** `redis://[user:password@]host[:port][/database]`, or `rediss://` for TLS. */
  url: string;
  /** Start of all keys in Redis. Apps that share a database need different ones. @default "kawa:" */
  prefix?: string;
};

// KEYS: the rows, the owner of the current handle, the cold rows, their keys in order. ARGV: the owner, then the rest. Lua unpacks less than
// 8,000 values at once. A cold row without a text has no colon.
const commitScript = `
if redis.call("HGET", KEYS[2], "owner") ~= ARGV[1] then return "replaced" end
if tonumber(redis.call("HGET", KEYS[2], "seq") or "-1") ~= ARGV[2] - 1 then return "out of order" end
local coldFrom = 4 + ARGV[3]
for first = 4, coldFrom - 1, 4000 do
  redis.call("HSET", KEYS[1], unpack(ARGV, first, math.min(first + 3999, coldFrom - 1)))
end
for at = coldFrom, #ARGV, 2 do
  if string.find(ARGV[at + 1], ":", 1, true) then
    redis.call("HSET", KEYS[3], ARGV[at], ARGV[at + 1])
    redis.call("ZADD", KEYS[4], 0, ARGV[at])
  else
    redis.call("HDEL", KEYS[3], ARGV[at])
    redis.call("ZREM", KEYS[4], ARGV[at])
  end
end
redis.call("HSET", KEYS[2], "seq", ARGV[2])
return "done"`;

const removeScript = `
if redis.call("HGET", KEYS[2], "owner") ~= ARGV[1] then return "replaced" end
local upTo = tonumber(ARGV[2])
for at = 3, #ARGV do
  local row = redis.call("HGET", KEYS[1], ARGV[at])
  if row and tonumber(string.match(row, "^%d+")) <= upTo then redis.call("HDEL", KEYS[1], ARGV[at]) end
end
return "done"`;

/**
 * Keeps an actor's signals in Redis instead of the engine's store, for an app that has a Redis to run and back up already.
 * It is durable only with `appendonly yes` and `appendfsync always`, and needs `maxmemory-policy noeviction`. Needs the
 * package `@redis/client`.
 *
 * @throws {KawaError} OPTION_INVALID - `url` is no address of a Redis
 * @see docs/storage.md
 * @example
 * const storage = redisStorage({ url: process.env.REDIS_URL ?? "redis://127.0.0.1:6379" });
 * export const reactiveState = createReactiveStateActor(undefined, { storage });
 */
export function redisStorage(options: RedisStorageOptions): SignalStorage {
  const { url, prefix = "kawa:" } = options;
  // The environment of a build often has no secrets.
  if (!env.isBuild) parseUrl(url);
  return {
    async open(name) {
      const connection = new RedisConnection(parseUrl(url));
      try {
        return await takeOver(connection, `${prefix}{${name}}`);
      } catch (error) {
        await connection.close();
        throw error;
      }
    },
  };
}

async function takeOver(redis: RedisConnection, name: string): Promise<StoreHandle> {
  const keys = [`${name}:rows`, `${name}:session`, `${name}:cold`, `${name}:order`] as const;
  // Every commit compares it: one that is still on its way from an earlier handle is refused.
  const owner = randomUUID();
  await redis.send(["HSET", keys[1], "owner", owner]);
  const run = async (script: string, args: readonly string[]): Promise<void> => {
    const result = await redis.send(["EVAL", script, String(keys.length), ...keys, owner, ...args]);
    if (result === "replaced") throw replaced();
    if (result !== "done")
      throw new KawaError("BACKEND_UNAVAILABLE", "The commit does not follow the newest one in Redis.");
  };
  /** What Redis answers, if this is still the current handle. */
  const read = async (...command: string[]): Promise<unknown> => {
    const [answer, current] = await Promise.all([redis.send(command), redis.send(["HGET", keys[1], "owner"])]);
    if (current !== owner) throw replaced();
    return answer;
  };
  return {
    cold: redisCold(read, { rows: keys[2], order: keys[3] }),
    async load(from) {
      const fields = (await read("HGETALL", keys[0])) as string[];
      const rows: StoredRow[] = [];
      for (let at = 0; at < fields.length; at += 2) {
        const row = decodeRow(fields[at]!, fields[at + 1]!);
        if (row.seq >= from) rows.push(row);
      }
      return rows;
    },
    async commit(rows) {
      if (rows.length === 0) return;
      const [cold = [], hot = []] = [true, false].map((is) =>
        rows.filter(({ key }) => isCold(key) === is).flatMap((row) => [row.key, encodeRow(row)]),
      );
      await run(commitScript, [String(rows[0]!.seq), String(hot.length), ...hot, ...cold]);
    },
    async remove(keysToRemove, upTo) {
      if (keysToRemove.length > 0) await run(removeScript, [String(upTo), ...keysToRemove]);
    },
    close: () => redis.close(),
  };
}

/** Redis compares the bytes of keys that have the same score. */
function redisCold(
  read: (...command: string[]) => Promise<unknown>,
  of: { readonly rows: string; readonly order: string },
): ColdRows {
  const first = async (from: string, to: string, at: number, limit: number): Promise<readonly string[]> =>
    (await read("ZRANGEBYLEX", of.order, `[${from}`, `(${to}`, "LIMIT", String(at), String(limit))) as string[];
  return {
    async get(keys) {
      if (keys.length === 0) return [];
      const found = (await read("HMGET", of.rows, ...keys)) as (string | null)[];
      return found.flatMap((row, at) => (row === null ? [] : decodeRow(keys[at]!, row)));
    },
    async keys({ from, to, isDescending, limit }) {
      if (!isDescending) return first(from, to, 0, limit);
      return (await read("ZREVRANGEBYLEX", of.order, `(${to}`, `[${from}`, "LIMIT", "0", String(limit))) as string[];
    },
    async page(range) {
      return { keys: await this.keys(range), rows: [] };
    },
    async count({ from, to, limit }) {
      const all = Number(await read("ZLEXCOUNT", of.order, `[${from}`, `(${to}`));
      const count = Math.min(all, limit);
      const [last = null] = count === 0 ? [] : await first(from, to, count - 1, 1);
      return { count, last };
    },
  };
}

function encodeRow({ text, seq }: StoredRow): string {
  return text === null ? String(seq) : `${seq}:${text}`;
}

function decodeRow(key: string, encoded: string): StoredRow {
  const end = encoded.indexOf(":");
  if (end === -1) return { key, text: null, seq: Number(encoded) };
  return { key, text: encoded.slice(end + 1), seq: Number(encoded.slice(0, end)) };
}

/** The message must not show the URL: it may hold a password. */
function parseUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed && ["redis:", "rediss:"].includes(parsed.protocol)) return parsed;
  throw new KawaError("OPTION_INVALID", `The url of redisStorage() is no Redis address; write "redis://host:6379".`);
}

function replaced(): KawaError {
  return new KawaError("BACKEND_CLOSED", "Another incarnation of the actor has taken over its signals in Redis.");
}
