import { join } from "node:path";
import { withKawa } from "kawa/next/config";

const root = join(import.meta.dirname, "../..");

export default withKawa({
  experimental: { authInterrupts: true },
  turbopack: { root },
  outputFileTracingRoot: root,
  rewrites: async () => [
    { source: "/fr/:path*", destination: "/navigation/lang/fr/:path*" },
    { source: "/tallied/:path*", destination: "/render-writes/:path*" },
  ],
  // `npm run typecheck` has checked the fixture with everything else.
  typescript: { ignoreBuildErrors: true },
});
