import { join } from "node:path";
import { withKawa } from "kawa/next/config";

const root = join(import.meta.dirname, "../..");
/** Some files mean something in one of both modes alone: `x.legacy.ts`, `x.cc.ts`. */
const mode = process.env["KAWA_E2E_CACHE_COMPONENTS"] === "1" ? "cc" : "legacy";
const failing = process.env["KAWA_E2E_FAILING"];

export default withKawa({
  ...(mode === "cc" ? { cacheComponents: true, partialPrefetching: true } : {}),
  distDir: `.next/${failing === undefined ? mode : "failing"}`,
  pageExtensions: ["tsx", "ts", `${mode}.tsx`, `${mode}.ts`],
  turbopack: { root },
  outputFileTracingRoot: root,
  // `npm run typecheck` has checked the fixture with everything else.
  typescript: { ignoreBuildErrors: true },
});
