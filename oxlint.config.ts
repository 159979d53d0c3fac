import { defineConfig } from "oxlint";
import { rooms, wallOf } from "./scripts/rooms.ts";

export default defineConfig({
  plugins: ["eslint", "typescript", "unicorn", "oxc", "react", "nextjs", "import", "vitest"],
  categories: { correctness: "error" },
  env: { browser: true, node: true, es2024: true },
  ignorePatterns: ["node_modules", ".next", ".rivet", "coverage", "test-results", "playwright-report", "next-env.d.ts"],
  rules: {
    eqeqeq: ["error", "always", { null: "ignore" }],
    "no-console": "off",
    "no-var": "error",
    "prefer-const": "error",
    "eslint/max-lines": ["error", 250],
    "import/no-cycle": "error",
    "import/no-duplicates": "error",
    "import/no-self-import": "error",
    "react/exhaustive-deps": "error",
    "react/rules-of-hooks": "error",
    "typescript/consistent-type-imports": "error",
    "typescript/no-explicit-any": "error",
    "unicorn/no-useless-spread": "off",
  },
  overrides: [
    // React takes a server component that waits for one that calls hooks in a wrong place.
    { files: ["app/**/{page,layout,template,default}.tsx"], rules: { "react/rules-of-hooks": "off" } },
    {
      files: ["e2e/**"],
      rules: {
        "eslint/no-empty-pattern": "off",
        "react/rules-of-hooks": "off",
        "vitest/expect-expect": "off",
        "vitest/no-standalone-expect": "off",
      },
    },
    // Tests of one source stand in one file.
    { files: ["**/*.test.{ts,tsx}", "packages/kawa/test/**"], rules: { "eslint/max-lines": "off" } },
    ...rooms.map(wallOf),
  ],
});
