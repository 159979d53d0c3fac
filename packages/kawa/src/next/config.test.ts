import { describe, expect, it } from "vitest";
import { withKawa } from "./config.ts";

describe("withKawa", () => {
  it("sets what Kawa needs in an empty configuration", () => {
    const config = withKawa();
    expect(config.serverExternalPackages).toEqual(expect.arrayContaining(["rivetkit", "@rivetkit/rivetkit-napi", "@rivetkit/engine-cli"]));
    expect(config.transpilePackages).toContain("kawa");
    expect(config.turbopack?.root).toBe(process.cwd());
    expect(config.outputFileTracingIncludes?.["/*"]?.join()).toContain("@rivetkit/engine-cli");
    expect(config.outputFileTracingExcludes?.["/*"]).toContain("./.rivet/**");
  });

  it("adds to the user's arrays, and names nothing twice", () => {
    const config = withKawa({ serverExternalPackages: ["sharp", "rivetkit"], transpilePackages: ["ui", "kawa"] });
    expect(config.serverExternalPackages!.slice(0, 2)).toEqual(["sharp", "rivetkit"]);
    expect(config.serverExternalPackages!.filter((name) => name === "rivetkit")).toHaveLength(1);
    expect(config.transpilePackages).toEqual(["ui", "kawa"]);
  });

  it("keeps the user's tracing, under the same route and under others", () => {
    const config = withKawa({
      outputFileTracingIncludes: { "/*": ["./mine/**"], "/api/*": ["./api/**"] },
      outputFileTracingExcludes: { "/*": ["./big/**"] },
    });
    expect(config.outputFileTracingIncludes!["/*"]![0]).toBe("./mine/**");
    expect(config.outputFileTracingIncludes!["/*"]!.length).toBeGreaterThan(1);
    expect(config.outputFileTracingIncludes!["/api/*"]).toEqual(["./api/**"]);
    expect(config.outputFileTracingExcludes!["/*"]).toEqual(expect.arrayContaining(["./big/**", "./.rivet/**"]));
  });

  it("lets the user's own settings win and keeps the rest of them", () => {
    const config = withKawa({
      reactStrictMode: true,
      turbopack: { root: "/elsewhere", resolveExtensions: [".ts"] },
      experimental: { useOffline: false, serverComponentsHmrCache: false },
    });
    expect(config.reactStrictMode).toBe(true);
    expect(config.turbopack).toEqual({ root: "/elsewhere", resolveExtensions: [".ts"] });
    expect(config.experimental).toMatchObject({ useOffline: false, serverComponentsHmrCache: false });
  });

  it("leaves the given configuration as it was, and gives the same for its own result", () => {
    const given = { serverExternalPackages: ["sharp"] };
    const once = withKawa(given);
    expect(given).toEqual({ serverExternalPackages: ["sharp"] });
    expect(withKawa(once).serverExternalPackages).toEqual(once.serverExternalPackages);
    expect(withKawa(once).transpilePackages).toEqual(once.transpilePackages);
  });
});
