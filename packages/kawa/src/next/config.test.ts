import { globSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { withKawa } from "./config.ts";

describe("withKawa", () => {
  it("sets what Kawa needs in an empty configuration", () => {
    const config = withKawa();
    expect(config.serverExternalPackages).toEqual(
      expect.arrayContaining(["rivetkit", "@rivetkit/rivetkit-napi", "@rivetkit/engine-cli"]),
    );
    expect(config.transpilePackages).toContain("kawa");
    const names = config
      .outputFileTracingIncludes!["/*"]!.flatMap((pattern) => globSync(pattern))
      .map((path) => basename(path));
    expect(names).toEqual(expect.arrayContaining(["rivet-engine", expect.stringMatching(/^rivetkit-napi\..+\.node$/)]));
    expect(config.outputFileTracingExcludes?.["/*"]).toContain("./.rivet/**");
  });

  it("leaves the root to Next, which finds the workspace of an app whose packages are further up", () => {
    expect(withKawa()).not.toHaveProperty("turbopack");
    expect(withKawa({ outputFileTracingRoot: "/repo" })).toMatchObject({ outputFileTracingRoot: "/repo" });
  });

  it("finds the engine also where it is installed further up than the app", () => {
    const app = join(import.meta.dirname, "../../../../e2e/lab-app");
    const cwd = vi.spyOn(process, "cwd").mockReturnValue(app);
    const [pattern] = withKawa().outputFileTracingIncludes!["/*"]!;
    cwd.mockRestore();
    expect(globSync(pattern!, { cwd: app }).map((path) => basename(path))).toContain("rivet-engine");
  });

  it("says of an export that its pages would be dead", () => {
    expect(() => withKawa({ output: "export" })).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID", message: expect.stringContaining("without a server") }),
    );
    expect(withKawa({ output: "standalone" }).output).toBe("standalone");
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
    expect(withKawa(once).outputFileTracingIncludes).toEqual(once.outputFileTracingIncludes);
  });
});
