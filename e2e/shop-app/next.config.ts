import { join } from "node:path";
import { withKawa } from "kawa/next/config";

const root = join(import.meta.dirname, "../..");
const output = process.env["KAWA_E2E_OUTPUT"] as "export" | undefined;

export default withKawa({
  ...(output === undefined ? {} : { output }),
  basePath: "/shop",
  trailingSlash: true,
  // The test answers in its place.
  assetPrefix: "http://cdn.test/assets",
  redirects: async () => [{ source: "/old/:way/:name", destination: "/:way/:name", permanent: false }],
  turbopack: { root },
  outputFileTracingRoot: root,
  // `npm run typecheck` has checked the fixture with everything else.
  typescript: { ignoreBuildErrors: true },
});
