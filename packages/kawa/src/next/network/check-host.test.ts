import { hostname } from "node:os";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { asFrom } from "../../../test/support/as-from.ts";
import { caught } from "../../../test/support/caught.ts";
import { processState } from "../../core/process/process-state.ts";
import { checkHost } from "./check-host.ts";
import { configureNetwork } from "./network.ts";

const warn = vi.spyOn(console, "warn").mockImplementation(() => {});

beforeEach(() => {
  warn.mockClear();
  processState("refused-hosts", () => new Set<string>()).clear();
  configureNetwork({});
});

afterEach(() => {
  vi.unstubAllEnvs();
  configureNetwork({});
});

type Request = { host?: string; forwarded?: string; from?: string | undefined };

function isAllowed({ host, forwarded, ...request }: Request): boolean {
  const headers = new Headers();
  if (host !== undefined) headers.set("host", host);
  if (forwarded !== undefined) headers.set("x-forwarded-host", forwarded);
  const check = (): boolean => {
    try {
      checkHost({ headers });
      return true;
    } catch {
      return false;
    }
  };
  return "from" in request ? asFrom(request.from, check) : check();
}

const here = "127.0.0.1";
const elsewhere = "203.0.113.9";

describe("an app that names no hosts", () => {
  it.each([
    "localhost",
    "localhost:3000",
    "LOCALHOST.",
    "app.localhost:3000",
    "127.0.0.1:3000",
    "127.0.0.53",
    "192.168.1.7:3000",
    "[::1]:3000",
    "[fe80::1]",
    hostname(),
    `${hostname()}.local:3000`,
  ])("answers a connection of this machine for %s", (host) => {
    expect(isAllowed({ host, from: here })).toBe(true);
  });

  it.each([
    "evil.test",
    "evil.test:3000",
    "localhost.evil.test",
    "127.0.0.1.evil.test",
    "notlocalhost",
    "",
    "evil.test@localhost",
    "[evil]",
    "a b",
  ])("refuses a connection of this machine for %j", (host) => {
    for (const from of [here, "::1", "::ffff:127.0.0.1", undefined]) expect(isAllowed({ host, from })).toBe(false);
  });

  it("answers a connection of another machine for every name", () => {
    expect(isAllowed({ host: "app.example", from: elsewhere })).toBe(true);
    expect(isAllowed({ host: "app.example", from: "2001:db8::1" })).toBe(true);
  });

  it("answers where no connection is known, as on platforms without a server of Node", () => {
    expect(isAllowed({ host: "app.example" })).toBe(true);
  });

  it("answers a program that names no host, for every browser names one", () => {
    expect(isAllowed({ from: here })).toBe(true);
  });

  it("does not believe a forwarded host", () => {
    expect(isAllowed({ host: "evil.test", forwarded: "localhost", from: here })).toBe(false);
  });

  it("answers for every name behind a proxy that is declared, and on Vercel", () => {
    configureNetwork({ trustedProxies: 1 });
    expect(isAllowed({ host: "app.example", from: here })).toBe(true);
    vi.stubEnv("VERCEL", "1");
    configureNetwork({});
    expect(isAllowed({ host: "app.example", from: here })).toBe(true);
  });

  it("refuses every strange name in development, from anywhere", () => {
    vi.stubEnv("NODE_ENV", "development");
    configureNetwork({ trustedProxies: 1 });
    for (const from of [here, elsewhere]) {
      expect(isAllowed({ host: "evil.test", from })).toBe(false);
      expect(isAllowed({ host: "192.168.1.7:3000", from })).toBe(true);
      expect(isAllowed({ host: `${hostname()}:3000`, from })).toBe(true);
    }
    expect(isAllowed({ host: "evil.test" })).toBe(false);
  });
});

describe("an app that names its hosts", () => {
  it("answers for these, wherever a connection comes from, and for no other name", () => {
    configureNetwork({ allowedHosts: ["app.example", "*.app.example", "one.example:8080", "bücher.example"] });
    for (const from of [here, elsewhere]) {
      const refused = (hosts: string[]): string[] => hosts.filter((host) => !isAllowed({ host, from }));
      const own = [
        "app.example",
        "APP.example:3000",
        "app.example.",
        "a.b.app.example",
        "one.example:8080",
        "xn--bcher-kva.example",
      ];
      const others = [
        "evil.test",
        "app.example.evil.test",
        "notapp.example",
        "one.example",
        "one.example:80",
        ".app.example.x",
      ];
      expect(refused([...own, "localhost:3000", "192.168.1.7"])).toEqual([]);
      expect(refused(others)).toEqual(others);
    }
  });

  it("knows that browsers leave out the port of http and https, and no other", () => {
    configureNetwork({ allowedHosts: ["tls.example:443", "plain.example:80", "one.example:8080"] });
    for (const host of ["tls.example", "TLS.example:443", "plain.example", "plain.example:80"])
      expect(isAllowed({ host, from: elsewhere })).toBe(true);
    for (const host of ["tls.example:80", "tls.example:8443", "plain.example:443", "one.example"])
      expect(isAllowed({ host, from: elsewhere })).toBe(false);
  });

  it("does not take a wildcard for the name above", () => {
    configureNetwork({ allowedHosts: ["*.app.example"] });
    expect(isAllowed({ host: "app.example", from: elsewhere })).toBe(false);
    expect(isAllowed({ host: ".app.example", from: elsewhere })).toBe(false);
  });

  it("checks both what it was asked for and what its proxy was asked for", () => {
    configureNetwork({ allowedHosts: ["app.example"], trustedProxies: 1 });
    expect(isAllowed({ host: "127.0.0.1:3000", forwarded: "app.example", from: here })).toBe(true);
    expect(isAllowed({ host: "evil.test", forwarded: "app.example", from: here })).toBe(false);
    expect(isAllowed({ host: "app.example", forwarded: "evil.test", from: here })).toBe(false);
    expect(isAllowed({ host: "app.example", forwarded: "app.example, evil.test", from: here })).toBe(false);
  });

  it("answers for the hosts of its deployment on Vercel too", () => {
    vi.stubEnv("VERCEL", "1");
    vi.stubEnv("VERCEL_URL", "app-123.vercel.app");
    vi.stubEnv("VERCEL_PROJECT_PRODUCTION_URL", "app.vercel.app");
    configureNetwork({ allowedHosts: ["app.example"] });
    for (const host of ["app.example", "app-123.vercel.app", "app.vercel.app"])
      expect(isAllowed({ host, from: here })).toBe(true);
    expect(isAllowed({ host: "other.vercel.app", from: here })).toBe(false);
  });

  it("answers for every name when it says so", () => {
    configureNetwork({ allowedHosts: ["*"] });
    expect(isAllowed({ host: "evil.test", from: here })).toBe(true);
  });
});

describe("a refusal", () => {
  it("says which option to set, in the log once for each host", async () => {
    const request = { headers: new Headers({ host: "app.example:8080" }) };
    const error = await asFrom(here, () => caught(() => checkHost(request)));
    expect(error).toMatchObject({ code: "HOST_REFUSED", status: 421 });
    expect((error as Error).message).toContain("KAWA_ALLOWED_HOSTS=app.example:8080");
    expect((error as Error).message).toContain("KAWA_TRUSTED_PROXIES=1");
    await asFrom(here, () => caught(() => checkHost(request)));
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]![0]).toContain('startKawa({ allowedHosts: ["app.example:8080"] })');
  });

  it("fills the log of nobody who is asked for thousands of names", () => {
    for (let n = 0; n < 500; n += 1) expect(isAllowed({ host: `h${n}.evil.test`, from: here })).toBe(false);
    expect(warn).toHaveBeenCalledTimes(20);
  });
});
