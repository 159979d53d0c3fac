import { devNull } from "node:os";
import { afterEach, describe, expect, it, vi } from "vitest";
import { engineEnvironment, givenAdminToken, storeEnvironment, storesInFiles, toolEnvironment } from "./settings.ts";

afterEach(() => vi.unstubAllEnvs());

const environment = (): NodeJS.ProcessEnv =>
  engineEnvironment({ port: 20_000, dataPath: "/data", adminToken: "the-token", metricsHost: "255.255.255.255" });

describe("engineEnvironment", () => {
  it("keeps the engine on the loopback address, closed by its token, with hidden metrics, in its folder", () => {
    expect(environment()).toMatchObject({
      RIVET__FILE_SYSTEM__PATH: "/data",
      RIVET__AUTH__ADMIN_TOKEN: "the-token",
      RIVET__GUARD__HOST: "127.0.0.1",
      RIVET__GUARD__PORT: "20000",
      RIVET__METRICS__HOST: "255.255.255.255",
      RIVET__METRICS__PORT: "0",
      RIVET__TELEMETRY__ENABLED: "false",
    });
  });

  it("shows metrics where the user asks for them", () => {
    vi.stubEnv("RIVET__METRICS__PORT", "6430");
    expect(environment()).toMatchObject({ RIVET__METRICS__HOST: "127.0.0.1", RIVET__METRICS__PORT: "6430" });
    vi.stubEnv("RIVET__METRICS__HOST", "10.0.0.1");
    expect(environment()).toMatchObject({ RIVET__METRICS__HOST: "10.0.0.1", RIVET__METRICS__PORT: "6430" });
  });

  it("takes the token that the user gives the engine", () => {
    expect(givenAdminToken()).toBeUndefined();
    vi.stubEnv("RIVET__AUTH__ADMIN_TOKEN", "theirs");
    expect(givenAdminToken()).toBe("theirs");
    expect(environment()["RIVET__AUTH__ADMIN_TOKEN"]).toBe("theirs");
  });

  it("does not let a busy machine keep actors from starting", () => {
    expect(Number(environment()["RIVET__RUNTIME__WORKER_CPU_MAX"])).toBeGreaterThan(1_000_000);
  });

  it("lets the user's own engine settings win", () => {
    vi.stubEnv("RIVET__PEGBOARD__BASE_RETRY_TIMEOUT", "777");
    expect(environment()["RIVET__PEGBOARD__BASE_RETRY_TIMEOUT"]).toBe("777");
  });

  it("names no folder when the user's engine stores in Postgres", () => {
    vi.stubEnv("RIVET__POSTGRES__URL", "postgres://db");
    const made = environment();
    expect(made["RIVET__FILE_SYSTEM__PATH"]).toBeUndefined();
    expect(made["RIVET__POSTGRES__URL"]).toBe("postgres://db");
  });

  it("reads no certificates where it stores in files, and those of the system where it reaches a database", () => {
    const certificates = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
    for (const made of [environment(), toolEnvironment("/data")])
      expect(certificates.map((name) => made[name])).toEqual([devNull, devNull]);
    vi.stubEnv("RIVET__POSTGRES__URL", "postgres://db");
    for (const made of [environment(), toolEnvironment("/data")])
      expect(certificates.map((name) => made[name])).toEqual([undefined, undefined]);
  });

  it("passes on no secret of the app", () => {
    vi.stubEnv("DATABASE_PASSWORD", "hunter2");
    vi.stubEnv("KAWA_SECRET", "hunter2-hunter2-hunter2");
    expect(JSON.stringify(environment())).not.toContain("hunter2");
  });

  it("has only text values, as a process environment needs", () => {
    const others = Object.entries(environment()).filter(([, value]) => typeof value !== "string");
    expect(others).toEqual([]);
  });
});

describe("storeEnvironment", () => {
  it("tells a command that edits the store where it is, and nothing about the engine", () => {
    expect(storeEnvironment("/data")).toMatchObject({ RIVET__FILE_SYSTEM__PATH: "/data" });
    expect(Object.keys(storeEnvironment("/data")).filter((name) => name.startsWith("RIVET__"))).toEqual([
      "RIVET__FILE_SYSTEM__PATH",
    ]);
  });
});

describe("storesInFiles", () => {
  it("tells files in the folder from a database, and from files elsewhere", () => {
    expect(storesInFiles("/data")).toBe(true);
    vi.stubEnv("RIVET__POSTGRES__URL", "postgres://db");
    expect(storesInFiles("/data")).toBe(false);
    vi.stubEnv("RIVET__POSTGRES__URL", "");
    vi.stubEnv("RIVET__FILE_SYSTEM__PATH", "/elsewhere");
    expect(storesInFiles("/data")).toBe(false);
  });
});
