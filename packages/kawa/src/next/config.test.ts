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

  it("puts the backend of the app in place of the module that all server code imports", async () => {
    const app = join(import.meta.dirname, "../../../../e2e/lab-app");
    const cwd = vi.spyOn(process, "cwd").mockReturnValue(app);
    vi.stubEnv("TURBOPACK", "1");
    const forTurbopack = withKawa({ turbopack: { resolveAlias: { a: "b" } } });
    vi.stubEnv("TURBOPACK", undefined);
    const forWebpack = withKawa({ webpack: (given: object) => ({ ...given, mine: true }) });
    cwd.mockRestore();
    vi.unstubAllEnvs();
    expect(forTurbopack.turbopack?.resolveAlias).toEqual({ a: "b", "#app-backend": "./lib/backend.ts" });
    expect(forTurbopack.env).toEqual({ KAWA_BACKEND: "lib/backend.ts" });
    expect(forTurbopack).not.toHaveProperty("webpack");
    const given = { resolve: { alias: { a: "b" } } };
    const config = (await forWebpack.webpack!(given, { dir: app } as never)) as object;
    expect(config).toEqual({
      mine: true,
      resolve: { alias: { a: "b", "#app-backend$": join(app, "lib/backend.ts") } },
    });
  });

  it("takes the default actor where no module of the app names a backend", () => {
    const cwd = vi.spyOn(process, "cwd").mockReturnValue(join(import.meta.dirname, "../core/errors"));
    const config = withKawa();
    cwd.mockRestore();
    expect(config.env).toEqual({ KAWA_BACKEND: "default" });
    expect(config).not.toHaveProperty("webpack");
  });

  it("takes the module that the app names, and says when there is none", () => {
    expect(withKawa({}, { backend: "./lib/signals.ts" }).env).toEqual({ KAWA_BACKEND: "lib/signals.ts" });
    expect(() => withKawa({}, { backend: "./lib/nothing.ts" })).toThrow(
      expect.objectContaining({ code: "OPTION_INVALID", message: expect.stringContaining("./lib/nothing.ts") }),
    );
  });

  it("writes into the code of a build when that was made, the same for all processes of the build", () => {
    vi.stubEnv("KAWA_BUILD", undefined);
    expect(withKawa().env).not.toHaveProperty("KAWA_BUILD");
    vi.stubEnv("NODE_ENV", "production");
    const before = Math.floor(Date.now() / 1000);
    const { KAWA_BUILD } = withKawa().env!;
    expect(Number(KAWA_BUILD)).toBeGreaterThanOrEqual(before);
    expect(process.env["KAWA_BUILD"]).toBe(KAWA_BUILD);
    vi.unstubAllEnvs();
  });

  it("takes a function, as Next does", async () => {
    const config = await withKawa(async (phase) => ({ env: { phase } }))("phase-production-build", {
      defaultConfig: {},
    });
    expect(config.env).toMatchObject({ phase: "phase-production-build" });
    expect(config.transpilePackages).toContain("kawa");
  });

  it("leaves the root to Next, which finds the workspace of an app whose packages are further up", () => {
    expect(withKawa()).not.toHaveProperty("turbopack.root");
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
