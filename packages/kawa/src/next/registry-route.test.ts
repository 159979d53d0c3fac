import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { KawaError } from "../core/errors.ts";
import type { AnyRegistry } from "../rivetkit/host.ts";
import { createRegistryRoute } from "./registry-route.ts";

const host = { isEmbedded: true, start: vi.fn<() => Promise<object>>() };
const mountedHandler = vi.fn<(request: Request) => Promise<Response>>(async () => new Response("mounted"));

vi.mock("rivetkit", () => ({ setup: () => ({ handler: mountedHandler }) }));
vi.mock("../rivetkit/host.ts", () => ({ host: () => host, runnerConfig: () => ({}) }));

const ownHandler = vi.fn<(request: Request) => Promise<Response>>(async () => new Response("own"));
const registry = { config: { use: {} }, handler: ownHandler } as unknown as AnyRegistry;
const route = createRegistryRoute(registry);

beforeEach(() => {
  vi.clearAllMocks();
  host.isEmbedded = true;
  host.start.mockResolvedValue({ endpoint: "http://127.0.0.1:20000", namespace: "kawa" });
});

afterEach(() => vi.restoreAllMocks());

const request = (method: string, path: string): Request => new Request(`http://host/api/rivet/${path}`, { method });

describe("the mounted registry with an embedded engine", () => {
  it.each([
    ["POST", "start"],
    ["GET", "start"],
    ["GET", ""],
    ["GET", "actors"],
    ["POST", "metadata"],
    ["PUT", "health"],
    ["DELETE", "actors/metadata"],
    ["OPTIONS", "metadata"],
    ["GET", "metadata/"],
    ["GET", "METADATA"],
  ] as const)("refuses %s %s and starts nothing", async (method, path) => {
    const response = await route[method](request(method, path));
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: "UNAUTHORIZED" });
    expect(host.start).not.toHaveBeenCalled();
    expect(mountedHandler).not.toHaveBeenCalled();
  });

  it.each([
    ["GET", "metadata"],
    ["HEAD", "metadata"],
    ["GET", "health"],
    ["GET", "metadata?namespace=x"],
  ] as const)("answers %s %s, so that clients find the engine", async (method, path) => {
    const response = await route[method](request(method, path));
    expect(response.status).toBe(200);
    expect(mountedHandler).toHaveBeenCalledTimes(1);
    expect(ownHandler).not.toHaveBeenCalled();
  });
});

describe("the mounted registry with an engine elsewhere", () => {
  it("passes every request on, for that engine starts actors through it", async () => {
    host.isEmbedded = false;
    for (const [method, path] of [["POST", "start"], ["GET", "metadata"]] as const) {
      expect(await (await route[method](request(method, path))).text()).toBe("own");
    }
    expect(host.start).not.toHaveBeenCalled();
  });
});

describe("a failure behind the route", () => {
  it("is answered with its code, and without its text when it is the server's fault", async () => {
    const report = vi.spyOn(console, "error").mockImplementation(() => {});
    host.start.mockRejectedValue(new KawaError("ENGINE_FOLDER_UNWRITABLE", "Cannot write to /home/secret."));
    const response = await route.GET(request("GET", "metadata"));
    expect(response.status).toBe(500);
    const body = await response.text();
    expect(JSON.parse(body)).toMatchObject({ code: "ENGINE_FOLDER_UNWRITABLE" });
    expect(body).not.toContain("/home/secret");
    expect(report).toHaveBeenCalledTimes(1);
  });

  it("of another kind says nothing of its own, not even its code", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    host.start.mockRejectedValue(Object.assign(new Error("connect 10.0.0.7:5432"), { code: "ECONNREFUSED" }));
    const response = await route.GET(request("GET", "metadata"));
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ code: "INTERNAL" });
  });
});
