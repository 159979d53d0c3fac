import { join } from "node:path";
import base from "../../playwright.config.ts";

// Those who run the tests of each worker see it too.
process.env.KAWA_FUZZ_RUNS ??= "500";
process.env.KAWA_FUZZ_SEED ??= String(Math.floor(Math.random() * 1e9));

/** `npm run test:fuzz`: many sequences, each worker with a server of its own. */
export default {
  ...base,
  testDir: "..",
  testMatch: "fuzz.spec.ts",
  globalSetup: "./global-setup.ts",
  outputDir: join(import.meta.dirname, "../../test-results"),
  reporter: "line",
  fullyParallel: true,
  // Each is shortened, which takes minutes.
  maxFailures: 10,
};
