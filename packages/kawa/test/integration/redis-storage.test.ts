import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect, promisify } from "node:util";
import { afterAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { redisStorage } from "../../src/rivetkit/storage/redis-storage.ts";
import { SignalStore } from "../../src/rivetkit/store/signal-store.ts";
import type { StoreHandle } from "../../src/rivetkit/storage/storage.ts";
import { describeColdContract } from "../contract/cold-contract.ts";
import { describeStorageContract } from "../contract/storage-contract.ts";
import { caught, codeOf } from "../support/caught.ts";
import { removeRedisKeys } from "../support/redis.ts";
import { redisUrl } from "../support/services.ts";
import { write } from "../support/store.ts";

const url = await redisUrl();
const secret = "s3cret-w0rd";
const prefix = `kawa-test:${randomUUID()}:`;

afterAll(async () => {
  if (url) await removeRedisKeys(url, prefix);
});

/** A way to Redis that can be cut, or made to lose what Redis answers. */
class Proxy {
  readonly #server: Server;
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  /** While it is set, what Redis says gets lost, and this is told. */
  onLost: (() => void) | undefined;

  constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((client) => this.#forward(client));
  }

  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    onTestFinished(async () => {
      this.cut();
      this.#server.close();
    });
    const proxied = new URL(this.#target);
    proxied.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return proxied.href;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #forward(client: Socket): void {
    const redis = connect({ host: this.#target.hostname, port: Number(this.#target.port || 6379) });
    client.pipe(redis);
    redis.on("data", (data) => (this.onLost ? this.onLost() : client.write(data)));
    for (const [socket, other] of [
      [client, redis],
      [redis, client],
    ] as const) {
      this.#sockets.add(socket);
      socket
        .on("error", () => {})
        .on("close", () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
    }
  }
}

async function openHandle(storageUrl: string, name: string): Promise<StoreHandle> {
  const handle = await redisStorage({ url: storageUrl, prefix }).open(name);
  onTestFinished(() => handle.close());
  return handle;
}

describe.skipIf(!url)("redisStorage", () => {
  describeStorageContract("redisStorage", () => redisStorage({ url: url!, prefix }));
  describeColdContract("redisStorage", () => redisStorage({ url: url!, prefix }));

  it("keeps the actors of another prefix apart", async () => {
    const name = randomUUID();
    const one = await openHandle(url!, name);
    await one.commit([{ key: "a", text: "[1]", seq: 0 }]);
    const other = await redisStorage({ url: url!, prefix: `${prefix}other:` }).open(name);
    onTestFinished(() => other.close());
    expect(await other.load(0)).toEqual([]);
  });

  describe("a handle that another one has replaced", () => {
    it("can neither commit nor remove nor load, whatever it tries", async () => {
      const name = randomUUID();
      const stale = await openHandle(url!, name);
      await stale.commit([{ key: "a", text: "[0]", seq: 0 }]);
      const current = await openHandle(url!, name);
      expect(await codeOf(() => stale.commit([{ key: "a", text: "[stale]", seq: 1 }]))).toBe("BACKEND_CLOSED");
      expect(await codeOf(() => stale.remove(["a"], 1_000))).toBe("BACKEND_CLOSED");
      expect(await codeOf(() => stale.load(0))).toBe("BACKEND_CLOSED");
      expect(await current.load(0)).toEqual([{ key: "a", text: "[0]", seq: 0 }]);
      await current.commit([{ key: "a", text: "[1]", seq: 1 }]);
      expect(await current.load(1)).toEqual([{ key: "a", text: "[1]", seq: 1 }]);
    });

    it("ends its store at the next write", async () => {
      const name = randomUUID();
      const stale = await SignalStore.open(await openHandle(url!, name));
      const onClose = vi.fn<() => void>();
      stale.listen(() => {}, onClose);
      const current = await SignalStore.open(await openHandle(url!, name));
      expect(await codeOf(() => write(stale, "c", 1, [{ key: "a", text: "[stale]" }]))).toBe("BACKEND_UNAVAILABLE");
      expect(onClose).toHaveBeenCalledTimes(1);
      expect(await codeOf(() => stale.read(["a"]))).toBe("BACKEND_UNAVAILABLE");
      // The client sends it again, to the incarnation that is there now.
      expect(await write(current, "c", 1, [{ key: "a", text: "[1]" }])).toMatchObject({ seq: 1, conflicts: [] });
      await current.close();
    });
  });

  it("refuses a commit that does not follow the newest one, such as one that arrives late", async () => {
    const handle = await openHandle(url!, randomUUID());
    await handle.commit([{ key: "a", text: "[0]", seq: 0 }]);
    await handle.commit([{ key: "a", text: "[1]", seq: 1 }]);
    for (const seq of [0, 1, 3]) {
      expect(await codeOf(() => handle.commit([{ key: "a", text: "[late]", seq }]))).toBe("BACKEND_UNAVAILABLE");
    }
    expect(await handle.load(0)).toEqual([{ key: "a", text: "[1]", seq: 1 }]);
  });

  describe("a connection that is lost", () => {
    it("while nothing is on the way is replaced, and nobody notices", async () => {
      const proxy = new Proxy(url!);
      const store = await SignalStore.open(await openHandle(await proxy.start(), randomUUID()));
      await write(store, "c", 1, [{ key: "a", text: "[1]" }]);
      proxy.cut();
      // Until the client has heard of it.
      await sleep(50);
      expect(await write(store, "c", 2, [{ key: "a", text: "[2]" }])).toMatchObject({ seq: 2, conflicts: [] });
      await store.close();
    });

    it("before the answer to a commit came leaves no doubt: it is found, and told once", async () => {
      const proxy = new Proxy(url!);
      const store = await SignalStore.open(await openHandle(await proxy.start(), randomUUID()));
      const deltas: unknown[] = [];
      store.listen(
        (delta) => deltas.push(delta),
        () => {},
      );
      const answered = Promise.withResolvers<void>();
      proxy.onLost = answered.resolve;
      const lost = caught(() => write(store, "c", 1, [{ key: "a", text: "[1]", expect: 0 }]));
      await answered.promise;
      proxy.onLost = undefined;
      proxy.cut();
      expect(await lost).toMatchObject({ code: "BACKEND_UNAVAILABLE", cause: { code: "BACKEND_UNAVAILABLE" } });
      expect(deltas).toHaveLength(1);
      expect(await write(store, "c", 1, [{ key: "a", text: "[1]", expect: 0 }])).toMatchObject({
        seq: 1,
        conflicts: [],
      });
      expect(deltas).toHaveLength(1);
      await store.close();
    });
  });

  it("that refuses the password says so without showing it", async () => {
    const wrong = Object.assign(new URL(url!), { username: "nobody", password: secret });
    const error = await caught(() => redisStorage({ url: wrong.href, prefix }).open("x"));
    expect(error).toMatchObject({ code: "BACKEND_UNAVAILABLE", message: expect.stringContaining("WRONGPASS") });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(secret);
  });

  it("that loses everything while a store is open ends the store, and the next one begins a new history", async () => {
    const name = randomUUID();
    const store = await SignalStore.open(await openHandle(url!, name));
    await write(store, "c", 1, [{ key: "a", text: "[1]" }]);
    await removeRedisKeys(url!, `${prefix}{${name}}`);
    expect(await codeOf(() => write(store, "c", 2, [{ key: "a", text: "[2]" }]))).toBe("BACKEND_UNAVAILABLE");
    expect(await codeOf(() => store.read(["a"]))).toBe("BACKEND_UNAVAILABLE");
    const next = await SignalStore.open(await openHandle(url!, name));
    expect(next.position.seq).toBe(0);
    expect(next.position.epoch).not.toBe(store.position.epoch);
    await next.close();
  });
});

describe("redisStorage without a Redis", () => {
  it("cannot open a handle, and says where it looked without showing the password", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    const error = await caught(() => redisStorage({ url: `redis://app:${secret}@127.0.0.1:${port}` }).open("x"));
    expect(error).toMatchObject({ code: "BACKEND_UNAVAILABLE", message: expect.stringContaining(`127.0.0.1:${port}`) });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(secret);
  });

  it("does not wait for ever for a server that says nothing", { timeout: 20_000 }, async () => {
    const server = createServer(() => {}).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect(await codeOf(() => redisStorage({ url: `redis://127.0.0.1:${port}` }).open("x"))).toBe(
      "BACKEND_UNAVAILABLE",
    );
  });

  it.each(["", "localhost:6379", `http://app:${secret}@host`, `redis://app:${secret}@host:port`])(
    "refuses the url %j without showing it",
    async (wrong) => {
      const error = await caught(() => redisStorage({ url: wrong }));
      expect(error).toMatchObject({ code: "OPTION_INVALID" });
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(secret);
    },
  );

  it("can be configured while an app is built, where the url is often missing", async () => {
    vi.stubEnv("NEXT_PHASE", "phase-production-build");
    onTestFinished(() => void vi.unstubAllEnvs());
    const storage = redisStorage({ url: "" });
    expect(await codeOf(() => storage.open("x"))).toBe("OPTION_INVALID");
  });

  it("names the package that is missing", async () => {
    const script = `
      import { registerHooks } from "node:module";
      registerHooks({ resolve: (name, context, next) => {
        if (name === "@redis/client") throw Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
        return next(name, context);
      } });
      const { redisStorage } = await import(${JSON.stringify(new URL("../../src/rivetkit/storage/index.ts", import.meta.url).href)});
      const error = await redisStorage({ url: "redis://127.0.0.1:1" }).open("x").catch((error) => error);
      console.log(error.code, error.message);`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    expect(stdout).toContain("OPTION_INVALID");
    expect(stdout).toContain("npm install @redis/client");
  });
});
