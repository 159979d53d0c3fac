import { afterEach, describe, expect, it, vi } from "vitest";
import { routeAddress } from "./route-address.ts";

afterEach(() => vi.unstubAllEnvs());

describe("the address of a route", () => {
  it.each([
    ["", "", "/api/reactive", "/api/reactive"],
    ["/shop", "", "/api/reactive", "/shop/api/reactive"],
    ["/shop", "", "/shop/api/reactive", "/shop/api/reactive"],
    ["/shop", "", "/shopping/live", "/shop/shopping/live"],
    ["", "true", "/api/reactive", "/api/reactive/"],
    ["/shop", "true", "/api/reactive", "/shop/api/reactive/"],
    ["/shop", "true", "/live/", "/shop/live/"],
    ["/shop", "true", "https://live.example/api", "https://live.example/api"],
  ])("has basePath %j and trailingSlash %j of the configuration: %s", (basePath, trailingSlash, path, address) => {
    vi.stubEnv("__NEXT_ROUTER_BASEPATH", basePath);
    vi.stubEnv("__NEXT_TRAILING_SLASH", trailingSlash);
    expect(routeAddress(path)).toBe(address);
  });
});
