import { afterEach, describe, expect, it, vi } from "vitest";
import { configureNetwork, networkSettings } from "./network.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  configureNetwork({});
});

describe("the settings", () => {
  it("trust nobody and name no host where nobody has said anything", () => {
    expect(networkSettings()).toMatchObject({ trustedProxies: 0, allowedHosts: undefined });
  });

  it("come from the environment, and options win", () => {
    vi.stubEnv("KAWA_TRUSTED_PROXIES", "2");
    vi.stubEnv("KAWA_ALLOWED_HOSTS", "app.example, *.app.example,");
    configureNetwork({});
    expect(networkSettings().trustedProxies).toBe(2);
    expect(networkSettings().allowedHosts).toHaveLength(2);
    configureNetwork({ trustedProxies: 0, allowedHosts: ["app.example"] });
    expect(networkSettings().trustedProxies).toBe(0);
    expect(networkSettings().allowedHosts).toHaveLength(1);
  });

  it.each([-1, 1.5, 17, Number.NaN])("refuse %s proxies", (trustedProxies) => {
    expect(() => configureNetwork({ trustedProxies })).toThrow(/trustedProxies.*OPTION_INVALID/s);
  });

  it("refuse a text in the environment that is no number, and name it", () => {
    vi.stubEnv("KAWA_TRUSTED_PROXIES", "yes");
    expect(() => configureNetwork({})).toThrow(/KAWA_TRUSTED_PROXIES\) is "yes"/);
  });

  it.each([
    "https://app.example",
    "app.example/",
    "a b",
    "*.*.example",
    "app.*",
    "user@app.example",
    "app.example:http",
  ])("refuse the host %j", (host) => {
    expect(() => configureNetwork({ allowedHosts: [host] })).toThrow(/allowedHosts.*OPTION_INVALID/s);
  });
});
