import { join } from "node:path";
import { withKawa } from "kawa/next/config";
import type { NextConfig } from "next";

const root = join(import.meta.dirname, "../..");

const nextConfig: NextConfig = {
  turbopack: { root },
  outputFileTracingRoot: root,
  // `npm run typecheck` has checked the fixture with everything else.
  typescript: { ignoreBuildErrors: true },
};

export default process.env["KAWA_E2E_WITHOUT"] === "config" ? nextConfig : withKawa(nextConfig);
