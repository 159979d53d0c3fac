import { defineConfig } from "vitest/config";

const unitTests = ["packages/kawa/src/**/*.test.{ts,tsx}", "packages/kawa/test/*.test.ts"];
/** Run with what browsers get of the package. */
const browserTests = ["packages/kawa/src/**/*.browser.test.{ts,tsx}", "packages/kawa/src/browser/**/*.test.ts"];
const reactServerTests = [
  "packages/kawa/src/**/*.react-server.test.{ts,tsx}",
  "packages/kawa/test/react-server/**/*.test.{ts,tsx}",
];

export default defineConfig({
  test: {
    // Most of the time a test waits for something.
    maxWorkers: 4,
    coverage: {
      provider: "v8",
      reporter: ["text-summary", "html"],
      include: ["packages/kawa/src/**"],
      exclude: ["**/*.test.*"],
    },
    projects: [
      {
        // Tests of the app: `npx vitest run --project app`. One that hosts actors needs a process of its own.
        resolve: { alias: { "@": import.meta.dirname } },
        test: {
          name: "app",
          include: ["{actors,app,lib}/**/*.test.{ts,tsx}"],
          pool: "forks",
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "unit",
          testTimeout: 30_000,
          include: unitTests,
          exclude: ["**/node_modules/**", ...browserTests, ...reactServerTests],
        },
      },
      {
        ssr: {
          resolve: { conditions: ["browser", "module", "node", "development|production"] },
        },
        test: {
          name: "browser",
          testTimeout: 30_000,
          include: browserTests,
        },
      },
      {
        // Vite resolves the package's own sources, Node resolves `react` itself: both must be told.
        ssr: {
          resolve: { conditions: ["react-server", "module", "node", "development|production"] },
        },
        test: {
          name: "react-server",
          testTimeout: 30_000,
          include: reactServerTests,
          execArgv: ["--conditions=react-server"],
        },
      },
      {
        test: {
          name: "integration",
          include: ["packages/kawa/test/integration/**/*.test.{ts,tsx}"],
          pool: "forks",
          maxWorkers: 3,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: "package",
          include: ["packages/kawa/test/package/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "types",
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ["packages/kawa/test/types/**/*.test-d.{ts,tsx}"],
            tsconfig: "packages/kawa/tsconfig.json",
          },
        },
      },
    ],
  },
});
