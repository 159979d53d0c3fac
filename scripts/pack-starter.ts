import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

/** The parts of the starter that its user keeps. */
const kept = ["actors", "app", "lib", "LICENSE", "instrumentation.ts", "middleware.ts", "next.config.ts"];
const keptTools = ["@types/node", "@types/react", "@types/react-dom", "typescript"];
/** Lines of `overrides` that are for tools of this repository. */
const ownOverrides = ["@arethetypeswrong/core", "vite"];

type Manifest = Record<"dependencies" | "devDependencies" | "overrides", Record<string, string>>;

/** Writes what `kawa create` copies: the starter without lab, benchmarks, tests and the sources of the package. */
export function packStarter(target: string): void {
  mkdirSync(target, { recursive: true });
  for (const name of kept) cpSync(join(root, name), join(target, name), { recursive: true });
  cpSync(join(root, ".gitignore"), join(target, "gitignore"));
  writeJson(join(target, "package.json"), manifest());
  writeJson(join(target, "tsconfig.json"), tsconfig());
  writeFileSync(join(target, "README.md"), readme);
}

function manifest(): object {
  const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  const without = (packages: Record<string, string>, names: readonly string[]): Record<string, string> =>
    Object.fromEntries(Object.entries(packages).filter(([name]) => !names.includes(name)));
  return {
    name: "starter",
    version: "0.1.0",
    private: true,
    type: "module",
    scripts: {
      dev: "next dev",
      build: "next build",
      start: "next start",
      typecheck: "next typegen && tsc",
      doctor: "kawa doctor",
    },
    dependencies: without(own.dependencies, ["kawa"]),
    devDependencies: Object.fromEntries(keptTools.map((name) => [name, own.devDependencies[name]])),
    overrides: without(own.overrides, ownOverrides),
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

const readme = `# An app with Kawa

    npm install
    npm run dev        # http://localhost:3000: open it in two windows and click

The pages in \`app/\` are a demo: replace them. \`lib/signals.ts\` has the signals, \`actors/\` says who may write them.
\`npm run doctor\` checks the wiring. The documentation is in \`node_modules/kawa/docs\`.

The demo lets everybody sign in as anybody, without a password. Replace \`lib/accounts.ts\` and the two sign-in actions before you deploy.
`;
