import { cpSync, globSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { makeTempFolder } from "../../test/support/temp-folder.ts";
import { nativeFiles } from "./native-files.ts";

const engine = "@rivetkit/engine-cli";
const runtime = "@rivetkit/rivetkit-napi";
const platform = "linux-x64-gnu";

/** Where each package is, and where a link leads to it. */
type Layout = {
  readonly packages: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
};

const npm: Layout = {
  packages: Object.fromEntries(
    ["kawa", "rivetkit", engine, `${engine}-${platform}`, runtime, `${runtime}-${platform}`].map((name) => [
      name,
      `node_modules/${name}`,
    ]),
  ),
};

const store = (name: string, owner = name): string =>
  `node_modules/.pnpm/${owner.replace("/", "+")}@1.0.0/node_modules/${name}`;

const pnpm: Layout = {
  packages: Object.fromEntries(Object.keys(npm.packages).map((name) => [name, store(name)])),
  links: {
    [store("rivetkit", "kawa")]: store("rivetkit"),
    [store(engine, "kawa")]: store(engine),
    [store(`${engine}-${platform}`, engine)]: store(`${engine}-${platform}`),
    [store(runtime, "rivetkit")]: store(runtime),
    [store(`${runtime}-${platform}`, runtime)]: store(`${runtime}-${platform}`),
    [`node_modules/.pnpm/node_modules/${runtime}-${platform}`]: store(`${runtime}-${platform}`),
  },
};

const engineInApp = `apps/web/node_modules/${engine}-${platform}`;
const { [store(`${engine}-${platform}`, engine)]: _left, ...otherLinks } = pnpm.links!;
/** pnpm leaves out an engine that is made for another C library. */
const pnpmWithOwnEngine: Layout = {
  packages: pnpm.packages,
  links: { ...otherLinks, [engineInApp]: store(`${engine}-${platform}`) },
};

function install(root: string, { packages, links = {} }: Layout): void {
  for (const [name, place] of Object.entries(packages)) {
    const optionalDependencies =
      name === engine || name === runtime ? { [`${name}-${platform}`]: "1", [`${name}-x`]: "1" } : {};
    mkdirSync(join(root, place), { recursive: true });
    writeFileSync(join(root, place, "package.json"), JSON.stringify({ name, main: "index.js", optionalDependencies }));
    writeFileSync(join(root, place, "index.js"), "");
  }
  for (const [link, place] of Object.entries(links)) {
    mkdirSync(dirname(join(root, link)), { recursive: true });
    symlinkSync(relative(dirname(join(root, link)), join(root, place)), join(root, link));
  }
}

it.each<[string, Layout]>([
  ["npm", npm],
  ["pnpm", pnpm],
  ["pnpm, and the app its engine,", pnpmWithOwnEngine],
])("names what a copy of the traced files lacks, where %s has installed it and Node finds it", (_, layout) => {
  const { path: root, remove } = makeTempFolder();
  onTestFinished(remove);
  const [repository, copy] = [join(root, "repository"), join(root, "copy")];
  install(repository, layout);
  const app = join(repository, "apps/web");
  const patterns = nativeFiles(app, join(repository, layout.packages["kawa"]!, "index.js"));
  expect(patterns.filter((pattern) => pattern.includes("\\"))).toEqual([]);

  // Tracing sees these.
  for (const name of ["rivetkit", engine]) {
    cpSync(join(repository, layout.packages[name]!), join(copy, layout.packages[name]!), { recursive: true });
  }
  for (const file of patterns.flatMap((pattern) => globSync(join(app, pattern)))) {
    cpSync(file, join(copy, relative(repository, file)), { dereference: true });
  }
  const find = (name: string, from: string): string => createRequire(from).resolve(name);
  const inCopy = (name: string): string => join(copy, layout.packages[name]!, "index.js");
  const importer = layout === pnpmWithOwnEngine ? join(copy, "apps/web/index.js") : inCopy(engine);
  expect(find(`${engine}-${platform}`, importer).startsWith(copy)).toBe(true);
  const found = find(runtime, inCopy("rivetkit"));
  expect(found.startsWith(copy)).toBe(true);
  expect(find(`${runtime}-${platform}`, found).startsWith(copy)).toBe(true);
});

it.each([
  ["KAWA_HOSTING", "serverless"],
  ["KAWA_HOSTING", "none"],
  ["VERCEL", "1"],
])("leaves out the engine where %s is %s, for it starts none", (name, value) => {
  vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const { path: root, remove } = makeTempFolder();
  onTestFinished(remove);
  install(root, npm);
  expect(nativeFiles(root, join(root, npm.packages["kawa"]!, "index.js"))).toEqual([
    `node_modules/${runtime}/*`,
    `node_modules/${runtime}-${platform}/*`,
  ]);
});
