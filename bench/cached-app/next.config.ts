import { join } from "node:path";
import { withKawa } from "kawa/next/config";

const root = join(import.meta.dirname, "../..");

export default withKawa({ cacheComponents: true, turbopack: { root }, outputFileTracingRoot: root });
