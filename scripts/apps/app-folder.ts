import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { installApp, type InstallOptions } from "../install-app.ts";
import type { Kind } from "./kinds.ts";

const fixture = join(import.meta.dirname, "../../e2e/installed-app");
/** What stays beside the code of an app that has a folder `src`. */
const besideSource = ["next.config.ts", "tsconfig.json"];

/** Where an app of a kind is, and what it is a part of. */
export type AppFolder = {
  /** The folder of the repository. */
  readonly root: string;
  /** The folder of `next.config.ts`. */
  readonly app: string;
};

/** Makes the folders of a kind of app. What the package manager reads is there before it runs. */
export function makeFolder(kind: Kind, root: string): AppFolder {
  const app = kind.workspace === undefined ? root : join(root, "apps/web");
  mkdirSync(app, { recursive: true });
  for (const [name, text] of Object.entries(kind.rootFiles ?? {})) write(join(root, name), text);
  return { root, app };
}

/** Writes the code of a kind of app. */
export function writeApp(kind: Kind, { app }: AppFolder): void {
  const source = join(app, kind.source ?? "");
  mkdirSync(source, { recursive: true });
  cpSync(fixture, source, {
    recursive: true,
    filter: (path) => !/\/(\.next|\.rivet|node_modules|next-env\.d\.ts)(\/|$)/.test(path),
  });
  if (source !== app) for (const name of besideSource) renameSync(join(source, name), join(app, name));
  const config = [kind.config, kind.isUnchecked ? "typescript: { ignoreBuildErrors: true }" : undefined];
  write(
    join(app, "next.config.ts"),
    `import { withKawa } from "kawa/next/config";\n\nexport default withKawa({ ${config.filter(Boolean).join(", ")} });\n`,
  );
  for (const [name, text] of Object.entries(kind.files ?? {})) {
    if (text === null) rmSync(join(source, name));
    else write(join(source, name), text);
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Packages that are installed once, for one app after the other. They are moved: a link would lead out of an app. */
export class Packages {
  readonly #folder: string;
  readonly #options: InstallOptions;
  #lentTo: string | undefined;
  #isReplaced = false;

  /** @param folder for the packages of apps that npm installs: a new one, or one that has those of an earlier run */
  constructor(folder: string, options: InstallOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /** Gives an app its packages. Those of pnpm lie where its workspace says, so it installs them there; it has them in its store. */
  lendTo(kind: Kind, { root, app }: AppFolder): void {
    if (kind.manager !== undefined) return installApp(app, fixture, { ...this.#options, manager: kind.manager });
    if (!existsSync(join(this.#folder, "node_modules"))) installApp(this.#folder, fixture, this.#options);
    else if (!this.#isReplaced) replaceKawa(join(this.#folder, "node_modules/kawa"), this.#options.tarball);
    this.#isReplaced = true;
    const manifest = JSON.parse(readFileSync(join(this.#folder, "package.json"), "utf8")) as Record<string, unknown>;
    write(join(app, "package.json"), JSON.stringify({ ...manifest, name: "web" }, null, 2));
    const owner = kind.workspace === "own modules" ? app : root;
    const lock = join(this.#folder, "package-lock.json");
    if (existsSync(lock)) cpSync(lock, join(root, "package-lock.json"));
    this.#lentTo = join(owner, "node_modules");
    renameSync(join(this.#folder, "node_modules"), this.#lentTo);
    if (owner !== app) symlinkSync("../apps/web", join(this.#lentTo, "web"));
  }

  takeBack(): void {
    if (this.#lentTo === undefined) return;
    rmSync(join(this.#lentTo, "web"), { force: true });
    renameSync(this.#lentTo, join(this.#folder, "node_modules"));
    this.#lentTo = undefined;
  }
}

function replaceKawa(folder: string, tarball: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  execFileSync("tar", ["-xzf", tarball, "-C", folder, "--strip-components", "1"]);
}
