import { join } from "node:path";
import { withKawa } from "kawa/next/config";

const root = join(import.meta.dirname, "../..");
/** A page that must not build is a page only where a test asks for it. */
const failing = process.env["KAWA_E2E_FAILING"];

export default withKawa({
  cacheComponents: true,
  partialPrefetching: true,
  cacheHandlers: { disk: join(import.meta.dirname, "cache-handler.mjs") },
  turbopack: { root },
  outputFileTracingRoot: root,
  // `npm run typecheck` has checked the fixture with everything else.
  typescript: { ignoreBuildErrors: true },
  ...(failing === undefined
    ? {}
    : { distDir: process.env["KAWA_E2E_DIST"] ?? ".next/failing", pageExtensions: ["tsx", "ts", `${failing}.tsx`] }),
});
