import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import type { EngineTarget } from "../settings/engine-target.ts";
import { prepareEngine, type ServerlessConfig, type WantedPool } from "./remote-engine.ts";

type Pool = Record<string, object>;

const token = "the-token";

/** As the engine answers over HTTP; what it is asked to change it notes. */
class FakeEngine {
  readonly namespaces = new Map<string, Map<string, Pool>>([["default", new Map()]]);
  readonly changes: string[] = [];
  readonly #server = createServer(async (request, response) => {
    const [status, body] = await this.#answer(request);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void this.#server.close());
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async #answer(request: IncomingMessage): Promise<[status: number, body: object]> {
    const { pathname, searchParams } = new URL(request.url!, "http://engine");
    if (pathname === "/metadata") return [200, { runtime: "engine" }];
    if (request.headers.authorization !== `Bearer ${token}`) return [403, { group: "api", code: "forbidden" }];
    if (pathname === "/datacenters") return [200, { datacenters: [{ name: "here" }, { name: "there" }] }];
    if (pathname === "/namespaces") return this.#makeNamespace(((await json(request)) as { name: string }).name);
    const pools = this.namespaces.get(searchParams.get("namespace")!);
    if (!pools) return [400, { group: "namespace", code: "not_found" }];
    if (request.method === "PUT") {
      const name = decodeURIComponent(pathname.split("/").at(-1)!);
      pools.set(name, ((await json(request)) as { datacenters: Pool }).datacenters);
      this.changes.push(`pool ${name}`);
      return [200, {}];
    }
    const name = searchParams.get("runner_name")!;
    const datacenters = pools.get(name);
    return [200, { runner_configs: datacenters ? { [name]: { datacenters } } : {} }];
  }

  #makeNamespace(name: string): [status: number, body: object] {
    if (!/^[a-z-]+$/.test(name)) return [400, { group: "namespace", code: "failed_to_create" }];
    this.changes.push(`namespace ${name}`);
    this.namespaces.set(name, new Map());
    return [200, {}];
  }
}

const engine = { fake: new FakeEngine(), endpoint: "" };
const warn = vi.spyOn(console, "warn").mockImplementation(() => {});

beforeEach(async () => {
  engine.fake = new FakeEngine();
  engine.endpoint = await engine.fake.start();
});
afterEach(() => warn.mockClear());

const at = (changed: Partial<EngineTarget> = {}): EngineTarget => ({
  endpoint: engine.endpoint,
  namespace: "default",
  token,
  pool: "default",
  ...changed,
});
const config = { serverless: { url: "https://app", headers: { proof: "new" } } };
const serverless: WantedPool = {
  hosting: "serverless",
  config,
  isTold: ({ headers }: ServerlessConfig) => headers["proof"] === "new",
};

describe("an engine for servers that host actors", () => {
  it("is told so once, in all its data centers", async () => {
    await prepareEngine(at(), { hosting: "runner" });
    await prepareEngine(at(), { hosting: "runner" });
    expect(engine.fake.changes).toEqual(["pool default"]);
    const pool = engine.fake.namespaces.get("default")!.get("default");
    expect(pool).toEqual({ here: { normal: {} }, there: { normal: {} } });
  });

  it("keeps the configuration that it has", async () => {
    const own = { here: { normal: { drain_on_version_upgrade: false } } };
    engine.fake.namespaces.get("default")!.set("default", own);
    await prepareEngine(at(), { hosting: "runner" });
    expect(engine.fake.changes).toEqual([]);
  });

  it("gets the namespace that it has not, and the log says so", async () => {
    await prepareEngine(at({ namespace: "app" }), { hosting: "runner" });
    expect(engine.fake.changes).toEqual(["namespace app", "pool default"]);
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('had no namespace "app"'));
  });
});

describe("an engine for a serverless app", () => {
  it("is told where it calls it, and again only when something is new", async () => {
    await prepareEngine(at(), serverless);
    await prepareEngine(at(), serverless);
    expect(engine.fake.changes).toEqual(["pool default"]);
    await prepareEngine(at(), { ...serverless, isTold: () => false } as WantedPool);
    expect(engine.fake.changes).toEqual(["pool default", "pool default"]);
  });

  it("is told so where servers hosted the actors before", async () => {
    await prepareEngine(at(), { hosting: "runner" });
    await prepareEngine(at(), serverless);
    expect(engine.fake.namespaces.get("default")!.get("default")).toEqual({ here: config, there: config });
  });
});

describe("an engine for a server that hosts nothing", () => {
  it("is left as it is", async () => {
    await prepareEngine(at(), { hosting: "runner" });
    await prepareEngine(at(), { hosting: "none" });
    expect(engine.fake.changes).toEqual(["pool default"]);
  });
});

describe("a wrong setting is named within 5 s", () => {
  const noEngine = async (): Promise<string> => {
    const server = createServer((_, response) => response.end("hello"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const silent = async (): Promise<string> => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => server.closeAllConnections());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const inServerlessPool = async (): Promise<EngineTarget> => {
    await prepareEngine(at({ pool: "functions" }), serverless);
    return at({ pool: "functions" });
  };

  it.each<
    [what: string, target: () => Promise<EngineTarget> | EngineTarget, expected: [string, string], by?: WantedPool]
  >([
    [
      "the address, where nothing listens",
      () => at({ endpoint: "http://127.0.0.1:4" }),
      ["ENGINE_UNREACHABLE", "127.0.0.1:4"],
    ],
    [
      "the address, where nothing answers",
      async () => at({ endpoint: await silent() }),
      ["ENGINE_UNREACHABLE", "nothing comes back"],
    ],
    [
      "the address of something else",
      async () => at({ endpoint: await noEngine() }),
      ["ENGINE_UNREACHABLE", "RIVET_ENDPOINT"],
    ],
    [
      "a host that does not exist",
      () => at({ endpoint: "http://engine.invalid:6420" }),
      ["ENGINE_UNREACHABLE", "engine.invalid"],
    ],
    ["the token", () => at({ token: "another" }), ["ENGINE_TOKEN_REFUSED", "refuses the token"]],
    ["no token", () => at({ token: undefined }), ["ENGINE_TOKEN_REFUSED", "there is none"]],
    ["the namespace", () => at({ namespace: "No Name" }), ["ENGINE_NAMESPACE_REFUSED", '"No Name"']],
    ["a pool that nobody hosts", () => at({ pool: "p" }), ["ENGINE_POOL_UNUSABLE", '"p"'], { hosting: "none" }],
    ["a pool of functions", inServerlessPool, ["ENGINE_POOL_UNUSABLE", '"functions"']],
  ])("%s", async (_, target, [code, text], by = { hosting: "runner" }) => {
    const asked = await target();
    const startedAt = performance.now();
    const error = await caught(() => prepareEngine(asked, by));
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(error).toMatchObject({ code, message: expect.stringContaining(text) });
    expect((error as Error).message).not.toContain(token);
  });
});

it("an engine that starts a little later is waited for", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const preparing = caught(() => prepareEngine(at({ endpoint: `http://127.0.0.1:${port}` }), { hosting: "none" }));
  setTimeout(() => {
    server.on("request", (_, response) =>
      response.end(JSON.stringify({ runtime: "engine", runner_configs: { default: { datacenters: { here: {} } } } })),
    );
    server.listen(port, "127.0.0.1");
  }, 500);
  onTestFinished(() => void server.close());
  expect(await preparing).toBeUndefined();
});
