import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "@playwright/test";
import { chromiumArgs, ensureChromium } from "../e2e/chromium.ts";
import { Packages } from "./apps/app-folder.ts";
import { kinds } from "./apps/kinds.ts";
import { type Tried, tryKind } from "./apps/try-kind.ts";
import { type Form, installApp, type InstallOptions, linkPackages, type Manager } from "./install-app.ts";
import { pack } from "./pack.ts";
import { nodeBinary } from "./tools.ts";

// What strangers do: each kind of app gets the tarball, is built, started and used by two people. `apps/kinds.ts` has the kinds.
//
//     npm run test:apps                              all of them
//     npm run test:apps -- webpack standalone        these
//
// --manager npm | pnpm | pnpm-10 | yarn | yarn-berry: of the kinds that name none
// --form lean | overrides | bare: how RivetKit is installed (scripts/install-app.ts)
// --node 22,24,26: with these versions of Node, one after the other; the first one builds
// --cold: with an empty cache of the package manager, to measure the install
// --install-only: and nothing else
// --without-dev: next dev is not tried
// --keep <folder>: the packages that npm has installed stay there for the next run, which replaces Kawa alone
// --linked: nothing is installed; the apps get the packages of this repository, and Kawa out of the tarball
// --tarball <path>: the packed package. Default: it is packed now

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    manager: { type: "string", default: "npm" },
    form: { type: "string", default: "lean" },
    node: { type: "string" },
    cold: { type: "boolean", default: false },
    "install-only": { type: "boolean", default: false },
    keep: { type: "string" },
    linked: { type: "boolean", default: false },
    tarball: { type: "string" },
    "without-dev": { type: "boolean", default: false },
  },
});

const unknown = names.filter((name) => !kinds.some((kind) => kind.name === name));
if (unknown.length > 0) {
  throw new Error(`There is no kind ${unknown.join(", ")}. The kinds are ${kinds.map(({ name }) => name).join(", ")}.`);
}
const chosen = names.length === 0 ? kinds : kinds.filter(({ name }) => names.includes(name));

// Servers end with this process, and only a regular end of it tells them.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

const startedAt = performance.now();
const since = (): string => `${((performance.now() - startedAt) / 1_000).toFixed(0)} s`;
const folder = options.keep ?? mkdtempSync(join(tmpdir(), "kawa-apps-"));
const nodes = options.node?.split(",").map(nodeBinary) ?? [process.execPath];

async function tryAll(install: InstallOptions): Promise<number> {
  const browser = await chromium.launch({ executablePath: ensureChromium(), args: chromiumArgs });
  const packages = new Packages(folder, install);
  let failures = 0;
  for (const kind of chosen) {
    const tried: Tried = new Map();
    try {
      await tryKind(options["without-dev"] ? { ...kind, dev: false } : kind, { packages, browser, nodes }, tried);
    } catch (error) {
      failures += 1;
      console.error(`${kind.name}:`, error);
    }
    console.log(
      `${kind.name}: ${[...tried].map(([step, result]) => `${step} ${result}`).join(", ")} (after ${since()})`,
    );
  }
  await browser.close();
  return failures;
}

try {
  const install: InstallOptions = {
    tarball: options.tarball === undefined ? pack() : resolve(options.tarball),
    manager: options.manager as Manager,
    form: options.linked ? "bare" : (options.form as Form),
    isCold: options.cold,
    node: nodes[0]!,
    manifest: {
      scripts: { build: "next build" },
      // One kind needs it; the others have it beside them.
      optionalDependencies: { "babel-plugin-react-compiler": "^1.0.0" },
    },
  };
  if (options.linked) await linkPackages(folder, install);
  if (options["install-only"]) installApp(folder, join(import.meta.dirname, "../e2e/installed-app"), install);
  else {
    const failures = await tryAll(install);
    console.log(`${chosen.length - failures} passed, ${failures} failed in ${since()}`);
    if (failures > 0) process.exitCode = 1;
  }
} finally {
  if (options.keep === undefined) rmSync(folder, { recursive: true, force: true });
}
