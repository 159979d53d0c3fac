import { afterEach, describe, expect, it } from "vitest";
import { isCrossSite, originRefused } from "./cross-site.ts";
import { configureNetwork } from "./network.ts";

afterEach(() => configureNetwork({}));

const isRefused = (headers: Record<string, string>): boolean =>
  isCrossSite(new Request("http://x/", { headers: { host: "app.test", ...headers } }));

describe("isCrossSite", () => {
  it.each<Record<string, string>>([
    {},
    { "sec-fetch-site": "same-origin" },
    { "sec-fetch-site": "none" },
    { origin: "https://app.test" },
    { origin: "http://APP.test", "sec-fetch-site": "same-origin" },
    // The browser compares; a proxy may have changed the host.
    { origin: "https://public.test", "sec-fetch-site": "same-origin" },
    { origin: "https://app.test", "x-forwarded-host": "public.test" },
    { origin: "https://app.test:8443", host: "app.test:8443" },
    { origin: "https://app.test", host: "app.test:443" },
    { origin: "http://app.test", host: "APP.test:80" },
    { origin: "http://[2001:db8::1]:3000", host: "[2001:DB8::1]:3000" },
    { origin: "http://[::1]", host: "[::1]:80" },
    { origin: "http://localhost:3000", host: "localhost:3000" },
  ])("lets %j through", (headers) => {
    expect(isRefused(headers)).toBe(false);
  });

  it.each<Record<string, string>>([
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { origin: "https://evil.test" },
    { origin: "https://evil.app.test" },
    { origin: "https://app.test:8443" },
    { origin: "null" },
    { origin: "https://app.test", "sec-fetch-site": "cross-site" },
    { origin: "https://evil.test", "x-forwarded-host": "evil.test" },
    { origin: "https://app.test:8443", host: "app.test" },
    { origin: "https://app.test", host: "app.test:8443" },
    { origin: "https://app.test", host: "app.test:80" },
    { origin: "http://[::1]:3000", host: "[::1]:3001" },
    { origin: "http://[::1]:3000", host: "[::2]:3000" },
    // Nobody has told of a proxy.
    { origin: "https://app.test:8443", "x-forwarded-port": "8443" },
    { origin: "https://app.test", host: "" },
    { origin: "https://app.test", host: "app.test:8443:443" },
    { origin: "file://", host: "" },
  ])("refuses %j", (headers) => {
    expect(isRefused(headers)).toBe(true);
  });

  it("believes the host that a trusted proxy names, and no entry that the client has put before it", () => {
    configureNetwork({ trustedProxies: 1 });
    expect(isRefused({ origin: "https://public.test", "x-forwarded-host": "public.test" })).toBe(false);
    expect(isRefused({ origin: "https://app.test" })).toBe(false);
    expect(isRefused({ origin: "https://evil.test", "x-forwarded-host": "evil.test, public.test" })).toBe(true);
    expect(isRefused({ origin: "https://app.test", "x-forwarded-host": "public.test" })).toBe(true);
  });

  it("believes the port that a trusted proxy names, with the host or apart from it", () => {
    configureNetwork({ trustedProxies: 1 });
    expect(isRefused({ origin: "https://public.test:8443", "x-forwarded-host": "public.test:8443" })).toBe(false);
    expect(
      isRefused({ origin: "https://public.test:8443", "x-forwarded-host": "public.test", "x-forwarded-port": "8443" }),
    ).toBe(false);
    expect(
      isRefused({
        origin: "https://public.test:8443",
        "x-forwarded-host": "public.test",
        "x-forwarded-port": "8443, 443",
      }),
    ).toBe(true);
    expect(
      isRefused({ origin: "https://public.test", "x-forwarded-host": "public.test", "x-forwarded-port": "443" }),
    ).toBe(false);
    // The port of a connection within, of which the visitor knows nothing.
    expect(
      isRefused({ origin: "https://public.test", "x-forwarded-host": "public.test", "x-forwarded-port": "80" }),
    ).toBe(false);
    expect(
      isRefused({
        origin: "https://public.test:8443",
        "x-forwarded-host": "public.test:9443",
        "x-forwarded-port": "8443",
      }),
    ).toBe(true);
    expect(
      isRefused({ origin: "https://public.test:8443", "x-forwarded-host": "public.test", "x-forwarded-port": "x" }),
    ).toBe(true);
  });
});

describe("a refusal", () => {
  const messageOf = (headers: Record<string, string>): string =>
    originRefused(new Request("http://x/", { headers: { host: "app.test:3000", ...headers } })).message;

  it("names both hosts with their ports, and what keeps them", () => {
    const message = messageOf({ origin: "https://app.test:8443" });
    expect(message).toContain('Its origin is "https://app.test:8443", and the requested host is "app.test:3000"');
    expect(message).toContain("proxy_set_header Host $http_host;");
  });

  it("gives no such advice where the browser has compared", () => {
    expect(messageOf({ origin: "https://evil.test", "sec-fetch-site": "cross-site" })).toBe(
      "Requests from pages of another site are refused. (ORIGIN_REFUSED)",
    );
  });

  it("cuts what a stranger has sent", () => {
    expect(messageOf({ origin: `https://${"x".repeat(5_000)}` }).length).toBeLessThan(600);
  });
});
