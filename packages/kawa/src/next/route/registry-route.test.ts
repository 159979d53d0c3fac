import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { asFrom } from "../../../test/support/as-from.ts";
import { type AnyRegistry, host } from "../../rivetkit/host/host.ts";
import { type PoolSettings, serverlessPool } from "../../rivetkit/engine/serverless-pool.ts";
import { configureNetwork } from "../network/network.ts";
import { createRegistryRoute } from "./registry-route.ts";

const handler = vi.fn<(request: Request) => Promise<Response>>(
  async () =>
    new Response("own", {
      headers: { "access-control-allow-origin": "*", "access-control-allow-credentials": "true" },
    }),
);
const log = vi.spyOn(console, "error").mockImplementation(() => {});

beforeEach(() => {
  handler.mockClear();
  log.mockClear();
});

afterEach(() => {
  vi.unstubAllEnvs();
  configureNetwork({});
});

type Config = AnyRegistry["config"];

function mount(config: Partial<Config> = {}) {
  const registry = { config: { use: {}, ...config }, handler } as unknown as AnyRegistry;
  return { registry, route: createRegistryRoute(registry) };
}

const request = (method: string, path: string, headers: HeadersInit = {}): Request =>
  new Request(`http://host/api/rivet/${path}`, { method, headers });

describe("the mounted registry of a server that hosts its actors itself", () => {
  it.each([undefined, "http://engine.example:6420"])(
    "refuses everything and starts nothing (RIVET_ENDPOINT %s)",
    async (endpoint) => {
      vi.stubEnv("RIVET_ENDPOINT", endpoint);
      const { route } = mount();
      for (const [method, path] of [
        ["POST", "start"],
        ["GET", "start"],
        ["GET", ""],
        ["GET", "actors"],
        ["GET", "metadata"],
        ["HEAD", "metadata"],
        ["POST", "metadata"],
        ["PUT", "health"],
        ["POST", "health"],
        ["DELETE", "actors/metadata"],
        ["OPTIONS", "metadata"],
        ["GET", "health/"],
        ["GET", "HEALTH"],
        ["PATCH", "start?x=health"],
      ] as const) {
        const response = await route[method](request(method, path));
        expect({ method, path, status: response.status }).toEqual({ method, path, status: 401 });
        expect(await response.json()).toMatchObject({ code: "UNAUTHORIZED" });
      }
      expect(handler).not.toHaveBeenCalled();
      expect(log).not.toHaveBeenCalled();
    },
  );

  it("says that it is there, and nothing else", async () => {
    const response = await mount().route.GET(request("GET", "health"));
    expect(await response.json()).toEqual({ status: "ok" });
    expect(handler).not.toHaveBeenCalled();
  });

  it("lets no page of another site read an answer, nor a browser guess its type", async () => {
    const { route } = mount();
    for (const path of ["health", "metadata"]) {
      const { headers } = await route.GET(request("GET", path, { origin: "http://evil.test" }));
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect([...headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
    }
  });

  it("answers nobody who asks for a strange host", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const response = await asFrom("127.0.0.1", () =>
      mount().route.GET(request("GET", "health", { host: "evil.test" })),
    );
    expect(response.status).toBe(421);
    expect(await response.json()).toMatchObject({ code: "HOST_REFUSED" });
  });
});

describe("the mounted registry where the engine starts actors through it", () => {
  const target = { endpoint: "https://engine.example", namespace: "default", token: undefined, pool: "default" };
  const tellPool = vi.spyOn(host().elsewhere, "tellPool");

  beforeEach(() => {
    vi.stubEnv("KAWA_HOSTING", "serverless");
    vi.stubEnv("RIVET_ENDPOINT", target.endpoint);
    vi.stubEnv("KAWA_SECRET", "a secret of the servers");
    vi.stubEnv("KAWA_URL", "https://app.example");
    tellPool.mockReset().mockResolvedValue();
    configureNetwork({});
  });

  /** The headers that the engine is told to bring. */
  const proof = (pool?: PoolSettings): Record<string, string> => {
    const wanted = serverlessPool(pool, target);
    return (wanted as { config: { serverless: { headers: Record<string, string> } } }).config.serverless.headers;
  };

  it("passes on what the engine asks, without what lets other sites read it", async () => {
    const { route } = mount();
    const response = await route.GET(request("GET", "metadata"));
    expect(await response.text()).toBe("own");
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("has actors started by whoever brings the proof that the pool's configuration tells the engine", async () => {
    const response = await mount().route.POST(request("POST", "start", proof()));
    expect(response.status).toBe(200);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it("keeps the headers that the app gives the engine", () => {
    expect(proof({ url: "https://app.example/api/rivet", headers: { "x-own": "1" } })).toEqual({
      "x-own": "1",
      "x-kawa-engine": expect.any(String),
    });
  });

  it.each<Record<string, string>>([{}, { "x-kawa-engine": "" }, { "x-kawa-engine": "guess" }])(
    "refuses a start with %j, and configures the pool once, so that the engine learns the proof",
    async (headers) => {
      const { route } = mount();
      for (let n = 0; n < 3; n += 1) expect((await route.POST(request("POST", "start", headers))).status).toBe(401);
      expect(tellPool).toHaveBeenCalledTimes(1);
      expect(handler).not.toHaveBeenCalled();
      expect(log).not.toHaveBeenCalled();
    },
  );

  it("refuses a start also where the app configures the pool elsewhere", async () => {
    vi.stubEnv("KAWA_URL", undefined);
    expect((await mount().route.POST(request("POST", "start"))).status).toBe(401);
    expect(handler).not.toHaveBeenCalled();
  });

  it("configures the pool again when that has failed, and reports it", async () => {
    tellPool.mockRejectedValueOnce(new Error("the engine is away"));
    const { route } = mount();
    for (let n = 0; n < 3; n += 1) expect((await route.POST(request("POST", "start"))).status).toBe(401);
    expect(tellPool).toHaveBeenCalledTimes(2);
    expect(log).toHaveBeenCalledTimes(1);
  });

  it("has RivetKit configure no pool: it would leave the proof out", async () => {
    const { route, registry } = mount({ configurePool: { url: "https://app.example/api/rivet" } });
    await route.POST(request("POST", "start", proof()));
    expect(registry.config.configurePool).toBeUndefined();
  });

  it.each(["start/", "START", "st%61rt", "x/start", "anything"])("asks for the proof at %s too", async (path) => {
    expect((await mount().route.POST(request("POST", path))).status).toBe(401);
  });

  it("takes no proof of an app with another secret", async () => {
    const other = proof();
    vi.stubEnv("KAWA_SECRET", "the secret of another app");
    expect((await mount().route.POST(request("POST", "start", other))).status).toBe(401);
  });

  it("takes the proof that was made with the secret before, while it is replaced", async () => {
    const before = proof();
    vi.stubEnv("KAWA_SECRET", "the next secret of the servers");
    vi.stubEnv("KAWA_SECRET_PREVIOUS", "a secret of the servers");
    expect((await mount().route.POST(request("POST", "start", before))).status).toBe(200);
  });

  it("tells nobody why RivetKit failed", async () => {
    handler.mockRejectedValueOnce(Object.assign(new Error("connect 10.0.0.7:5432"), { code: "ECONNREFUSED" }));
    const response = await mount().route.GET(request("GET", "metadata"));
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ code: "INTERNAL", message: "The registry is not available." });
    expect(log).toHaveBeenCalledTimes(1);
  });

  it("starts nothing for anybody without a secret", async () => {
    const before = proof();
    vi.stubEnv("KAWA_SECRET", undefined);
    expect((await mount().route.POST(request("POST", "start", before))).status).toBe(500);
    expect(handler).not.toHaveBeenCalled();
  });
});

it.each(["runner", "none"])("the mounted registry of a server with KAWA_HOSTING=%s starts nothing", async (hosting) => {
  vi.stubEnv("KAWA_HOSTING", hosting);
  vi.stubEnv("VERCEL", "1");
  vi.stubEnv("RIVET_ENDPOINT", "https://engine.example");
  vi.stubEnv("KAWA_SECRET", "a secret of the servers");
  configureNetwork({});
  expect((await mount().route.POST(request("POST", "start"))).status).toBe(401);
  expect(handler).not.toHaveBeenCalled();
});
