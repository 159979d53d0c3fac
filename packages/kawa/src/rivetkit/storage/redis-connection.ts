import type * as Redis from "@redis/client";
import { isKawaError, KawaError } from "../../core/errors/errors.ts";
import { withTimeout } from "../../core/process/with-timeout.ts";

type Client = Awaited<ReturnType<typeof openClient>>;

const connectTimeoutMs = 5_000;
/** Reading 100,000 values takes less than a second. */
const replyTimeoutMs = 10_000;

/** A connection to Redis, opened at first use. After a failure it is replaced, never mended: no command is sent twice. */
export class RedisConnection {
  readonly #url: URL;
  #client: Client | undefined;
  #opening: Promise<Client> | undefined;
  #isClosed = false;

  constructor(url: URL) {
    this.#url = url;
  }

  /**
   * @throws {KawaError} BACKEND_UNAVAILABLE - no connection, no answer in time, or an error; the command may have been done
   * @throws {KawaError} BACKEND_CLOSED - after {@link close}
   * @throws {KawaError} OPTION_INVALID - the package `@redis/client` is not installed
   */
  async send(command: readonly string[]): Promise<unknown> {
    let client: Client | undefined;
    try {
      client = await this.#current();
      return await inTime(client.sendCommand(command), replyTimeoutMs);
    } catch (cause) {
      client?.destroy();
      if (isKawaError(cause)) throw cause;
      const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
      throw new KawaError("BACKEND_UNAVAILABLE", `Redis at ${this.#url.host} failed: ${reason}.`, { cause });
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#client?.destroy();
  }

  async #current(): Promise<Client> {
    // Redis may have closed the last one while it was idle.
    if (!this.#client?.isReady) {
      this.#opening ??= openClient(this.#url).finally(() => (this.#opening = undefined));
      this.#client = await this.#opening;
    }
    if (this.#isClosed) {
      this.#client.destroy();
      throw new KawaError("BACKEND_CLOSED", "The connection to Redis was closed.");
    }
    return this.#client;
  }
}

async function openClient(url: URL) {
  const { createClient } = await importRedis();
  const client = createClient({
    url: url.href,
    RESP: 2,
    disableOfflineQueue: true,
    socket: { connectTimeout: connectTimeoutMs, reconnectStrategy: false },
  });
  // A command that waits for an answer rejects by itself.
  client.on("error", () => {});
  try {
    await inTime(client.connect(), connectTimeoutMs);
    return client;
  } catch (error) {
    client.destroy();
    throw error;
  }
}

async function importRedis(): Promise<typeof Redis> {
  try {
    return await import("@redis/client");
  } catch (cause) {
    throw new KawaError("OPTION_INVALID", `redisStorage() needs a package: run "npm install @redis/client".`, {
      cause,
    });
  }
}

function inTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  return withTimeout(work, timeoutMs, () => {
    throw new Error(`no answer within ${timeoutMs} ms`);
  });
}
