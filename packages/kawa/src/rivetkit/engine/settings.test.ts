import { afterEach, describe, expect, it, vi } from "vitest";
import { engineEnvironment, enginePorts, storesInFiles } from "./settings.ts";

afterEach(() => vi.unstubAllEnvs());

describe("enginePorts", () => {
  it("derives the peer and metrics ports from the public one", () => {
    expect(enginePorts(20_000)).toEqual({ guard: 20_000, peer: 20_001, metrics: 20_010 });
  });
});

describe("engineEnvironment", () => {
  it("keeps the engine on the loopback address, its ports and its folder", () => {
    expect(engineEnvironment(20_000, "/data")).toMatchObject({
      RIVET__FILE_SYSTEM__PATH: "/data",
      RIVET__GUARD__HOST: "127.0.0.1",
      RIVET__GUARD__PORT: "20000",
      RIVET__API_PEER__HOST: "127.0.0.1",
      RIVET__API_PEER__PORT: "20001",
      RIVET__METRICS__HOST: "127.0.0.1",
      RIVET__METRICS__PORT: "20010",
      RIVET__TELEMETRY__ENABLED: "false",
    });
  });

  it("does not let a busy machine keep actors from starting", () => {
    expect(Number(engineEnvironment(20_000, "/data")["RIVET__RUNTIME__WORKER_CPU_MAX"])).toBeGreaterThan(1_000_000);
  });

  it("lets the user's own engine settings win", () => {
    vi.stubEnv("RIVET__PEGBOARD__BASE_RETRY_TIMEOUT", "777");
    expect(engineEnvironment(20_000, "/data")["RIVET__PEGBOARD__BASE_RETRY_TIMEOUT"]).toBe("777");
  });

  it("names no folder when the user's engine stores in Postgres", () => {
    vi.stubEnv("RIVET__POSTGRES__URL", "postgres://db");
    const environment = engineEnvironment(20_000, "/data");
    expect(environment["RIVET__FILE_SYSTEM__PATH"]).toBeUndefined();
    expect(environment["RIVET__POSTGRES__URL"]).toBe("postgres://db");
  });

  it("passes on no secret of the app", () => {
    vi.stubEnv("DATABASE_PASSWORD", "hunter2");
    vi.stubEnv("KAWA_SECRET", "hunter2-hunter2-hunter2");
    expect(JSON.stringify(engineEnvironment(20_000, "/data"))).not.toContain("hunter2");
  });

  it("has only text values, as a process environment needs", () => {
    const others = Object.entries(engineEnvironment(20_000, "/data")).filter(([, value]) => typeof value !== "string");
    expect(others).toEqual([]);
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
