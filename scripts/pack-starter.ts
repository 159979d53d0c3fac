import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { leanInstall } from "../packages/kawa/src/rivetkit/settings/lean-install.ts";
import { demoFiles, replacements } from "./demo-files.ts";

const root = join(import.meta.dirname, "..");

/** Gone with the demo. */
const cleanApp = join(root, "scripts/eject-demo/clean-app");

/** The parts of the starter that its user keeps. */
const kept = ["actors", "app", "lib", "LICENSE", "instrumentation.ts", "middleware.ts", "next.config.ts"];
const keptTools = ["@types/node", "@types/react", "@types/react-dom", "typescript", "vitest"];

type Manifest = Record<"dependencies" | "devDependencies", Record<string, string>>;

/**
 * Writes what `kawa create` copies: the starter without lab, benchmarks, tests and the sources of the package, in `demo`; and without the
 * demo, as `npm run eject-demo` leaves it, in `empty`.
 */
export function packStarter(target: string): void {
  const [demo, empty] = [join(target, "demo"), join(target, "empty")];
  mkdirSync(demo, { recursive: true });
  for (const name of kept) cpSync(join(root, name), join(demo, name), { recursive: true });
  cpSync(join(root, ".gitignore"), join(demo, "gitignore"));
  writeJson(join(demo, "package.json"), manifest());
  writeJson(join(demo, "tsconfig.json"), tsconfig());
  writeFileSync(join(demo, "vitest.config.ts"), vitestConfig);
  cpSync(demo, empty, { recursive: true });
  if (existsSync(cleanApp)) removeDemo(empty);
  writeFileSync(join(demo, "README.md"), readme(demoText));
  writeFileSync(join(empty, "README.md"), readme(emptyText));
}

function removeDemo(app: string): void {
  for (const path of demoFiles) rmSync(join(app, path), { recursive: true });
  for (const { file, from, to } of replacements) {
    const path = join(app, file);
    writeFileSync(path, readFileSync(path, "utf8").replace(from, to));
  }
  cpSync(cleanApp, app, { recursive: true });
}

function manifest(): object {
  const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  const { kawa: _ofWorkspace, ...dependencies } = own.dependencies;
  const { overrides } = JSON.parse(`{${leanInstall("npm").lines}}`) as { overrides: object };
  return {
    name: "starter",
    version: "0.1.0",
    private: true,
    type: "module",
    scripts: {
      dev: "next dev",
      build: "next build",
      start: "next start",
      test: "vitest run --pass-with-no-tests",
      typecheck: "next typegen && tsc",
      doctor: "kawa doctor",
    },
    dependencies,
    devDependencies: Object.fromEntries(keptTools.map((name) => [name, own.devDependencies[name]])),
    overrides,
    engines: { node: ">=22" },
  };
}

function tsconfig(): object {
  const own = JSON.parse(readFileSync(join(root, "tsconfig.json"), "utf8")) as { exclude: string[] };
  return { ...own, exclude: ["node_modules"] };
}

function writeJson(path: string, value: object): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** The project of that name in `vitest.config.ts` here. */
const vitestConfig = `import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { "@": import.meta.dirname } },
  // A test that hosts actors needs a process of its own.
  test: { name: "app", pool: "forks", testTimeout: 60_000, hookTimeout: 60_000 },
});
`;

const readme = ({ first, last }: { readonly first: string; readonly last: string }): string => `# An app with Kawa

    npm install
    npm run dev        # http://localhost:3000: open it in two windows and click

${first} \`lib/signals.ts\` has the signals, \`actors/\` says who may write them.
\`npm run doctor\` checks the wiring. The documentation is in \`node_modules/kawa/docs\`.
${last}`;

const demoText = {
  first: "The pages in `app/` are a demo: replace them.",
  last: "\nThe demo lets everybody sign in as anybody, without a password. Replace `lib/accounts.ts` and the two sign-in actions before you deploy.\n",
};

const emptyText = {
  first: "The page in `app/` shows one signal.",
  last: "`node_modules/kawa/docs/recipe.md` builds a page with a form, a hook and a test in ten minutes.\n",
};
