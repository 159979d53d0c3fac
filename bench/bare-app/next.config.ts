import { join } from "node:path";
import type { NextConfig } from "next";

const root = join(import.meta.dirname, "../..");

const config: NextConfig = { turbopack: { root }, outputFileTracingRoot: root };

export default config;
