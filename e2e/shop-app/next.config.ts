import { join } from "node:path";
import { withKawa } from "kawa/next/config";

const root = join(import.meta.dirname, "../..");
const output = (process.env["KAWA_E2E_OUTPUT"] ?? "standalone") as "export" | "standalone";
const isDev = process.env.NODE_ENV === "development";

export default withKawa({
  output,
  basePath: "/shop",
  trailingSlash: true,
  // The test answers in its place.
  ...(isDev ? { distDir: ".next/cache/dev" } : { assetPrefix: "http://cdn.test/assets" }),
  redirects: async () => [{ source: "/old/:way/:name", destination: "/:way/:name", permanent: false }],
  turbopack: { root },
  outputFileTracingRoot: root,
  // `npm run typecheck` has checked the fixture with everything else.
  typescript: { ignoreBuildErrors: true },
});
