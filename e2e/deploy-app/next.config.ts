import { join } from "node:path";
import { withKawa } from "kawa/next/config";

const root = join(import.meta.dirname, "../..");
/** Which of the two builds this is: each has a folder of its own, and other code. */
const build = process.env["APP_BUILD"] ?? "old";

export default withKawa({
  distDir: `.next/${build}`,
  env: { APP_BUILD: build },
  turbopack: { root },
  outputFileTracingRoot: root,
  // `npm run typecheck` has checked the fixture with everything else.
  typescript: { ignoreBuildErrors: true },
});
