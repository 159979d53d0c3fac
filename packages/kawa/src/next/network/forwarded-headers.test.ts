import { afterEach, describe, expect, it, vi } from "vitest";
import { asFrom, whileAnswering } from "../../../test/support/as-from.ts";
import { askedHosts, clientAddress } from "./forwarded-headers.ts";
import { configureNetwork } from "./network.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  configureNetwork({});
});

const asked = (headers: Record<string, string>) => ({ headers: new Headers(headers) });
const forwardedFor = (list: string) => asked({ "x-forwarded-for": list });

describe("clientAddress", () => {
  it("is that of the connection, whatever the request says", async () => {
    const headers = {
      "x-forwarded-for": "203.0.113.9",
      "x-real-ip": "203.0.113.9",
      "x-vercel-forwarded-for": "203.0.113.9",
    };
    expect(await whileAnswering(() => clientAddress(asked(headers)))).toBe("127.0.0.1");
    expect(asFrom("2001:db8::7", () => clientAddress(asked(headers)))).toBe("2001:db8:0:0::/64");
  });

  it("is nobody's where no connection is known", () => {
    expect(clientAddress(forwardedFor("203.0.113.9"))).toBeUndefined();
  });

  it.each([
    [1, "203.0.113.9", "203.0.113.9"],
    [1, "6.6.6.6, 203.0.113.9", "203.0.113.9"],
    [2, "6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"],
    [1, "6.6.6.6,,::ffff:203.0.113.9", "203.0.113.9"],
  ])("is what the outermost of %i trusted proxies saw in %j", (trustedProxies, list, address) => {
    configureNetwork({ trustedProxies });
    expect(asFrom("10.0.0.1", () => clientAddress(forwardedFor(list)))).toBe(address);
  });

  it("is the first that is told when the request came through fewer proxies", () => {
    configureNetwork({ trustedProxies: 3 });
    expect(asFrom("10.0.0.1", () => clientAddress(forwardedFor("203.0.113.9, 10.0.0.2")))).toBe("203.0.113.9");
  });

  it.each(["unknown", ""])("is that of the proxy when that tells %j", (list) => {
    configureNetwork({ trustedProxies: 1 });
    expect(asFrom("10.0.0.1", () => clientAddress(forwardedFor(list)))).toBe("10.0.0.1");
    expect(asFrom("10.0.0.1", () => clientAddress(asked({})))).toBe("10.0.0.1");
  });

  it("is what the platform says on Vercel", () => {
    vi.stubEnv("VERCEL", "1");
    configureNetwork({});
    const headers = { "x-forwarded-for": "6.6.6.6", "x-real-ip": "203.0.113.8" };
    expect(asFrom("127.0.0.1", () => clientAddress(asked(headers)))).toBe("203.0.113.8");
    expect(
      asFrom("127.0.0.1", () => clientAddress(asked({ ...headers, "x-vercel-forwarded-for": "203.0.113.9" }))),
    ).toBe("203.0.113.9");
    expect(asFrom("127.0.0.1", () => clientAddress(asked({})))).toBeUndefined();
  });
});

describe("askedHosts", () => {
  it("is the host of the request alone when no proxy is trusted", () => {
    expect(askedHosts(asked({ host: "APP.example:8080", "x-forwarded-host": "evil.example" }))).toEqual([
      "app.example:8080",
    ]);
    expect(askedHosts(asked({}))).toEqual([]);
  });

  it("adds what the outermost trusted proxy was asked for", () => {
    configureNetwork({ trustedProxies: 1 });
    expect(askedHosts(asked({ host: "web:3000", "x-forwarded-host": "evil.example, app.example" }))).toEqual([
      "web:3000",
      "app.example",
    ]);
    expect(askedHosts(asked({ host: "app.example", "x-forwarded-host": "" }))).toEqual(["app.example"]);
  });
});
