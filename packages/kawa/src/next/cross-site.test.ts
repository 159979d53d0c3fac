import { afterEach, describe, expect, it } from "vitest";
import { isCrossSite } from "./cross-site.ts";
import { configureNetwork } from "./network.ts";

afterEach(() => configureNetwork({}));

const isRefused = (headers: Record<string, string>): boolean => isCrossSite(new Request("http://x/", { headers: { host: "app.test", ...headers } }));

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
});
