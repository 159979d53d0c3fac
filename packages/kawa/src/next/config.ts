import type { NextConfig } from "next";
import { KawaError } from "../core/errors/errors.ts";
import { nativeFiles } from "./native-files.ts";
import { warnOfRootMatcher } from "./root-matcher.ts";

/** Packages with native code: Node loads them, the bundler must not. */
const externals = ["rivetkit", "@rivetkit/rivetkit-napi", "@rivetkit/engine-cli"];

/**
 * Adds to a Next.js configuration what Kawa needs.
 *
 * @throws {KawaError} OPTION_INVALID - `output` is `"export"`: files cannot be live
 *
 * @example
 * export default withKawa({ reactStrictMode: true });
 */
export function withKawa(config: NextConfig = {}): NextConfig {
  if (config.output === "export") {
    throw new KawaError(
      "OPTION_INVALID",
      `output: "export" makes files without a server, so no page can be live: Kawa needs a server for signals, streams and ` +
        `refreshes. Delete that line, or write output: "standalone". Pages that read no signal are static either way.`,
    );
  }
  warnOfRootMatcher(config);
  return {
    ...config,
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
