import type { NextConfig } from "next";

/** Packages with native code: Node loads them, the bundler must not. */
const externals = ["rivetkit", "@rivetkit/rivetkit-napi", "@rivetkit/engine-cli"];

/**
 * Adds to a Next.js configuration what Kawa needs.
 *
 * @example
 * export default withKawa({ reactStrictMode: true });
 */
export function withKawa(config: NextConfig = {}): NextConfig {
  return {
    ...config,
    serverExternalPackages: [...new Set([...(config.serverExternalPackages ?? []), ...externals])],
    transpilePackages: [...new Set([...(config.transpilePackages ?? []), "kawa"])],
    // Tells when a navigation starts, so that a refresh never gets in its way.
    instrumentationClientInject: [...new Set([...(config.instrumentationClientInject ?? []), "kawa/next/instrumentation-client"])],
    // The engine is started by path, so tracing does not see it.
    outputFileTracingIncludes: {
      ...config.outputFileTracingIncludes,
      "/*": [...(config.outputFileTracingIncludes?.["/*"] ?? []), "./node_modules/@rivetkit/engine-cli*/**"],
    },
    outputFileTracingExcludes: {
      ...config.outputFileTracingExcludes,
      "/*": [...(config.outputFileTracingExcludes?.["/*"] ?? []), "./.rivet/**"],
    },
    // A lock file further up must not make Next guess another root.
    turbopack: { root: process.cwd(), ...config.turbopack },
    // A refresh that meets a lost network waits, instead of leaving the page.
    experimental: { useOffline: true, ...config.experimental },
  };
}
