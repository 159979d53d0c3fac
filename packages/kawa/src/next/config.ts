import { existsSync } from "node:fs";
import { join, relative, sep } from "node:path";
import type { NextConfig } from "next";
import { KawaError, show } from "../core/errors/errors.ts";
import { detached } from "../core/process/detached.ts";
import { findBackend } from "../wiring/find-backend.ts";
import { nativeFiles } from "./native-files.ts";
import { watchConnections } from "./network/connections.ts";
import { warnOfRootMatcher } from "./root-matcher.ts";

/** Packages with native code: Node loads them, the bundler must not. */
const externals = ["rivetkit", "@rivetkit/rivetkit-napi", "@rivetkit/engine-cli"];

/** Stands for the module of the app that calls `initReactiveBackend`. */
const backendModule = "#app-backend";

/** Options of {@link withKawa}. */
export type WithKawaOptions = {
  /**
   * The module that calls `initReactiveBackend`, from the folder of the app, such as `"./server/signals.ts"`. All of the app's server code
   * finds it, so nothing has to import it.
   *
   * @default `lib/backend` or `src/lib/backend`, else the only module that calls it; where there is none, the actor of `reactiveRegistry`
   */
  backend?: string;
};

type NextConfigFunction = (phase: string, context: { defaultConfig: NextConfig }) => NextConfig | Promise<NextConfig>;

/**
 * Adds to a Next.js configuration what Kawa needs, and finds the backend of the app.
 *
 * @throws {KawaError} OPTION_INVALID - `output` is `"export"`: files cannot be live; or there is no file at `backend`
 *
 * @example
 * export default withKawa({ reactStrictMode: true });
 */
export function withKawa(config: NextConfigFunction, options?: WithKawaOptions): NextConfigFunction;
export function withKawa(config?: NextConfig, options?: WithKawaOptions): NextConfig;
export function withKawa(
  config: NextConfig | NextConfigFunction = {},
  options: WithKawaOptions = {},
): NextConfig | NextConfigFunction {
  if (typeof config === "function") {
    return async (phase, context) => withKawa(await config(phase, context), options);
  }
  if (config.output === "export") {
    throw new KawaError(
      "OPTION_INVALID",
      `output: "export" makes files without a server, so no page can be live: Kawa needs a server for signals, streams and ` +
        `refreshes. Delete that line, or write output: "standalone". Pages that read no signal are static either way.`,
    );
  }
  warnOfRootMatcher(config);
  prepareProcess();
  const backend = backendOf(options);
  return {
    ...config,
    env: { ...config.env, KAWA_BACKEND: backend, ...buildVersion() },
    ...(/\./.test(backend) && aliases(config, `./${backend}`)),
    serverExternalPackages: [...new Set([...(config.serverExternalPackages ?? []), ...externals])],
    transpilePackages: [...new Set([...(config.transpilePackages ?? []), "kawa"])],
    // Tells when a navigation starts, so that a refresh never gets in its way.
    instrumentationClientInject: [
      ...new Set([...(config.instrumentationClientInject ?? []), "kawa/next/instrumentation-client"]),
    ],
    outputFileTracingIncludes: {
      ...config.outputFileTracingIncludes,
      "/*": [...new Set([...(config.outputFileTracingIncludes?.["/*"] ?? []), ...nativeFiles()])],
    },
    outputFileTracingExcludes: {
      ...config.outputFileTracingExcludes,
      "/*": [...(config.outputFileTracingExcludes?.["/*"] ?? []), "./.rivet/**"],
    },
    // A refresh that meets a lost network waits, instead of leaving the page. After a restart of `next dev` that cache makes a page that is
    // opened first load itself again and again.
    experimental: { useOffline: true, turbopackFileSystemCacheForDev: false, ...config.experimental },
  };
}

/** Next reads the configuration in the process that serves, before it serves: what is done here belongs to no request. */
function prepareProcess(): void {
  detached(() => {});
  watchConnections();
}

/**
 * When this build was made, in seconds: the actors live where the newest build is. Processes of one build agree on it. `next start` reads the
 * configuration too, but runs code into which it is written already.
 */
function buildVersion(): { readonly KAWA_BUILD?: string } {
  if (process.env.NODE_ENV !== "production") return {};
  return { KAWA_BUILD: (process.env.KAWA_BUILD ??= String(Math.floor(Date.now() / 1000))) };
}

/** Path of the module; `default` where the app has none, and `several` where it has to import the right one by itself. */
function backendOf({ backend }: WithKawaOptions): string {
  const folder = process.cwd();
  if (backend !== undefined) {
    if (existsSync(join(folder, backend))) return relative(folder, join(folder, backend)).split(sep).join("/");
    throw new KawaError(
      "OPTION_INVALID",
      `withKawa({ backend: ${show(backend)} }): there is no such file in ${folder}.`,
    );
  }
  const found = findBackend(folder);
  if (found === "none") return "default";
  return found === "several" ? "several" : found.path;
}

/** Each bundler has its own. */
function aliases(config: NextConfig, path: string): Pick<NextConfig, "turbopack" | "webpack"> {
  if (process.env.TURBOPACK) {
    const resolveAlias = { ...config.turbopack?.resolveAlias, [backendModule]: path };
    return { turbopack: { ...config.turbopack, resolveAlias } };
  }
  return {
    webpack(given, context) {
      const result = config.webpack?.(given, context) ?? given;
      result.resolve.alias = { ...result.resolve.alias, [`${backendModule}$`]: join(context.dir, path) };
      return result;
    },
  };
}
