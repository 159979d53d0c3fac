import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { asFrom } from "../../../test/support/as-from.ts";
import type { AnyRegistry } from "../../rivetkit/host/host.ts";
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

describe("the mounted registry on a serverless platform", () => {
  beforeEach(() => {
    vi.stubEnv("VERCEL", "1");
    vi.stubEnv("RIVET_ENDPOINT", "https://engine.example");
    vi.stubEnv("KAWA_SECRET", "a secret of the servers");
    configureNetwork({});
  });

  const pool = { url: "https://app.example/api/rivet", headers: { "x-own": "1" } };
  const proofOf = ({ config }: AnyRegistry): Record<string, string> => {
    const { "x-own": own, ...proof } = config.configurePool!.headers!;
    expect(own).toBe("1");
    return proof;
  };

  it("passes on what the engine asks, without what lets other sites read it", async () => {
    const { route } = mount();
    const response = await route.GET(request("GET", "metadata"));
    expect(await response.text()).toBe("own");
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("has actors started by whoever brings the proof that the pool's configuration tells the engine", async () => {
    const { route, registry } = mount({ configurePool: pool });
    const response = await route.POST(request("POST", "start", proofOf(registry)));
    expect(response.status).toBe(200);
    expect(handler).toHaveBeenCalledTimes(1);
  });

  it.each<Record<string, string>>([{}, { "x-kawa-engine": "" }, { "x-kawa-engine": "guess" }])(
    "refuses a start with %j, and configures the pool once, so that the engine learns the proof",
    async (headers) => {
      const { route } = mount({ configurePool: pool });
      for (let n = 0; n < 3; n += 1) expect((await route.POST(request("POST", "start", headers))).status).toBe(401);
      expect(handler.mock.calls.map(([{ method, url }]) => [method, url])).toEqual([
        ["GET", "http://host/api/rivet/metadata"],
      ]);
      expect(log).not.toHaveBeenCalled();
    },
  );

  it("configures the pool when a stranger has asked at an address that is none before", async () => {
    handler.mockResolvedValueOnce(new Response("", { status: 404 }));
    const { route } = mount({ configurePool: pool });
    for (const path of ["x/start", "start", "start"])
      expect((await route.POST(request("POST", path))).status).toBe(401);
    expect(handler.mock.calls.map(([{ url }]) => url)).toEqual([
      "http://host/api/rivet/x/metadata",
      "http://host/api/rivet/metadata",
    ]);
  });

  it.each(["start/", "START", "st%61rt", "x/start", "anything"])("asks for the proof at %s too", async (path) => {
    const { route } = mount({ configurePool: pool });
    expect((await route.POST(request("POST", path))).status).toBe(401);
  });

  it("takes no proof of an app with another secret", async () => {
    const other = mount({ configurePool: pool });
    vi.stubEnv("KAWA_SECRET", "the secret of another app");
    const { route } = mount({ configurePool: pool });
    expect((await route.POST(request("POST", "start", proofOf(other.registry)))).status).toBe(401);
  });

  it("takes the proof that was made with the secret before, while it is replaced", async () => {
    const before = mount({ configurePool: pool });
    vi.stubEnv("KAWA_SECRET", "the next secret of the servers");
    vi.stubEnv("KAWA_SECRET_PREVIOUS", "a secret of the servers");
    const { route } = mount({ configurePool: pool });
    expect((await route.POST(request("POST", "start", proofOf(before.registry)))).status).toBe(200);
  });

  it("passes starts on where the pool is configured elsewhere, for then the engine brings no proof", async () => {
    expect((await mount().route.POST(request("POST", "start"))).status).toBe(200);
  });

  it("tells nobody why RivetKit failed", async () => {
    handler.mockRejectedValueOnce(Object.assign(new Error("connect 10.0.0.7:5432"), { code: "ECONNREFUSED" }));
    const response = await mount().route.GET(request("GET", "metadata"));
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ code: "INTERNAL", message: "The registry is not available." });
    expect(log).toHaveBeenCalledTimes(1);
  });
});
