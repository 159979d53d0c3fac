import type { Page } from "@playwright/test";
import {
  auth,
  cached,
  fewFiles,
  languages,
  ownInstrumentation,
  ownMiddleware,
  ownPolicy,
  proxy,
  repository,
  withRoot,
} from "./kind-files.ts";
import { signIn } from "./sign-in.ts";

/** How an app differs from `e2e/installed-app`. */
export type Kind = {
  readonly name: string;
  /** Texts by path, in place of what the fixture has there; `null` leaves a file out. */
  readonly files?: Readonly<Record<string, string | null>>;
  /** Texts by path in the folder of the repository, which the package manager reads. */
  readonly rootFiles?: Readonly<Record<string, string>>;
  /** Fields of the configuration that `withKawa` gets. */
  readonly config?: string;
  /** The build leaves out the types, which another kind of the same code has checked. @default false */
  readonly isUnchecked?: boolean;
  /** The folder of the app's code, below that of the app. @default the same */
  readonly source?: "src";
  /** The app is one package of a repository, in `apps/web`. */
  readonly workspace?: "hoisted" | "own modules";
  /** @default "npm" */
  readonly manager?: "pnpm";
  /** Flags of `next build` and `next dev`. */
  readonly flags?: readonly string[];
  /** Address of the page and of the route handlers, without slashes at the end. */
  readonly path?: string;
  /** Each address ends with a slash. */
  readonly hasSlashes?: true;
  /** Where the page loads its scripts from; the test answers there. */
  readonly assets?: string;
  /** What the writer does before it writes. */
  readonly visit?: (writer: Page, address: string) => Promise<void>;
  /** Whether `next dev` is tried too. */
  readonly dev?: boolean;
  /** A standalone server is also started where it was built, before and after another build. */
  readonly isRebuilt?: boolean;
  /** How the built app is started. @default "next start" */
  readonly start?: "standalone" | "container";
};

const standalone = { config: `output: "standalone"`, start: "standalone" } as const;

/** What `npm test` tries. */
const atOnce: Kind = {
  name: "at-once",
  source: "src",
  files: { ...fewFiles, "middleware.ts": null, "proxy.ts": proxy },
  config: `output: "standalone", basePath: "/shop", trailingSlash: true`,
  start: "standalone",
  path: "/shop",
  hasSlashes: true,
};

const all: readonly Kind[] = [
  atOnce,
  { name: "turbopack", isUnchecked: false, dev: true },
  { name: "webpack", flags: ["--webpack"], dev: true },
  { name: "src", source: "src", dev: true },
  { name: "proxy", files: { "middleware.ts": null, "proxy.ts": proxy }, dev: true },
  { name: "base-path", files: { "middleware.ts": withRoot }, config: `basePath: "/shop"`, path: "/shop", dev: true },
  { name: "trailing-slash", config: "trailingSlash: true", hasSlashes: true },
  { name: "asset-prefix", config: `assetPrefix: "http://cdn.test/assets"`, assets: "http://cdn.test/assets" },
  { name: "languages", files: languages, dev: true },
  {
    name: "own-middleware",
    files: { "middleware.ts": ownMiddleware, "instrumentation.ts": ownInstrumentation },
    dev: true,
  },
  { name: "own-policy", files: { "middleware.ts": ownPolicy }, dev: true },
  { name: "auth", files: auth, visit: signIn },
  { name: "react-compiler", config: "reactCompiler: true", dev: true },
  { name: "cache-components", config: "cacheComponents: true, partialPrefetching: true", files: cached, dev: true },
  { name: "standalone", ...standalone, isRebuilt: true },
  { name: "standalone-webpack", ...standalone, files: fewFiles, flags: ["--webpack"] },
  { name: "npm-workspaces", workspace: "hoisted", rootFiles: repository, ...standalone, isRebuilt: true, dev: true },
  { name: "npm-own-modules", workspace: "own modules", rootFiles: repository, ...standalone },
  { name: "pnpm", manager: "pnpm", ...standalone, dev: true },
  { name: "container", config: `output: "standalone"`, start: "container" },
];

/** One of them checks the types of what they have in common. */
export const kinds: readonly Kind[] = all.map((kind) => ({ isUnchecked: kind.files === undefined, ...kind }));
