import { describe, expect, it } from "vitest";
import { isCrossSite } from "./cross-site.ts";

const isRefused = (headers: Record<string, string>): boolean => isCrossSite(new Request("http://x/", { headers: { host: "app.test", ...headers } }));

describe("isCrossSite", () => {
  it.each<Record<string, string>>([
    {},
    { "sec-fetch-site": "same-origin" },
    { "sec-fetch-site": "none" },
    { origin: "https://app.test" },
    { origin: "http://APP.test", "sec-fetch-site": "same-origin" },
    { origin: "https://public.test", "x-forwarded-host": "public.test" },
    { origin: "https://public.test", "x-forwarded-host": "public.test, inner.test" },
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
    { origin: "https://app.test", "x-forwarded-host": "public.test" },
    { origin: "https://app.test", "sec-fetch-site": "cross-site" },
  ])("refuses %j", (headers) => {
    expect(isRefused(headers)).toBe(true);
  });
});
