import { execFileSync } from "node:child_process";
import { chownSync, cpSync, existsSync, mkdtempSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { Browser } from "@playwright/test";
import { type AppFolder, makeFolder, type Packages, writeApp } from "./app-folder.ts";
import { completeLock } from "./complete-lock.ts";
import { fileInDocs } from "./dockerfile.ts";
import { ImageBuild, unpublished } from "./image.ts";
import type { Kind } from "./kinds.ts";
import { inRoot, whyNoRoots } from "./root-folder.ts";
import { AppServer, build, nextOf, type ServerOptions } from "./run-app.ts";
import { deploy } from "./standalone.ts";
import { TwoVisitors } from "./use-app.ts";

/** What has been tried with an app, and how long each took. */
export type Tried = Map<"build" | "deployed" | "live" | "restart" | "next build" | "dev", string>;

/** What apps are tried with. */
type Tools = { readonly packages: Packages; readonly browser: Browser; readonly nodes: readonly string[] };

type Way = Tools & { readonly node: string; readonly kind: Kind; readonly folder: AppFolder; readonly tried: Tried };

/** Builds an app of a kind, starts it, uses it, and does the same with `next dev`. Throws where something is not as it should be. */
export async function tryKind(kind: Kind, tools: Tools, tried: Tried): Promise<void> {
  const { packages, nodes } = tools;
  const node = nodes[0]!;
  const folder = makeFolder(kind, mkdtempSync(join(tmpdir(), `kawa-app-${kind.name}-`)));
  const way = { ...tools, node, kind, folder, tried };
  try {
    packages.lendTo(kind, folder);
    writeApp(kind, folder);
    if (kind.start === "container") return await tryContainer(way);
    await timed(tried, "build", () => checkBuild(build(node, folder.app, kind.flags)));
    if (kind.start === "standalone") await tryStandalone(way);
    else {
      for (const each of nodes) {
        await tryServer(way, { command: [each, nextOf(folder.app), "start", "--port", "{port}"], cwd: folder.app });
      }
    }
    if (kind.dev) await timed(tried, "dev", () => tryDev(way));
  } finally {
    packages.takeBack();
    rmSync(folder.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What `next build` says where an app can do nothing about it. */
const expectedWarnings = [/middleware.*deprecated/i, /no build cache/i, /experiment/i];

function checkBuild(log: string): void {
  const warnings = log.split("\n").filter((line) => /^\s*⚠|can't be external|Warning/i.test(line));
  const unexpected = warnings.filter((line) => !expectedWarnings.some((each) => each.test(line)));
  if (unexpected.length > 0) throw new Error(`next build warned:\n${unexpected.join("\n")}`);
}

/** Two people use a server, and see its values again after a restart. */
async function tryServer(way: Way, server: Pick<ServerOptions, "command" | "cwd" | "env" | "isChild">): Promise<void> {
  const { kind, tried } = way;
  const home = kind.hasSlashes || !kind.path ? `${kind.path ?? ""}/` : kind.path;
  await withVisitors(way, { ...server, home }, ".next", async (visitors, running) => {
    await timed(tried, "live", () => visitors.write());
    await timed(tried, "restart", async () => {
      await running.restart();
      await visitors.returnAfterRestart();
    });
    checkLog(running.log());
  });
}

async function tryDev(way: Way): Promise<void> {
  const { kind, folder, node } = way;
  rmSync(join(folder.app, ".rivet"), { recursive: true, force: true });
  const command = [node, nextOf(folder.app), "dev", ...(kind.flags ?? []), "--port", "{port}"];
  const options = { command, cwd: folder.app, isDev: true, home: kind.path ?? "/" };
  await withVisitors(way, options, ".next/dev", async (visitors, running) => {
    await visitors.write();
    checkLog(running.log());
  });
}

async function withVisitors(
  { kind, folder, browser }: Way,
  options: ServerOptions,
  build: string,
  work: (visitors: TwoVisitors, server: AppServer) => Promise<void>,
): Promise<void> {
  const server = await AppServer.start(options);
  let visitors: TwoVisitors | undefined;
  try {
    visitors = await TwoVisitors.open(browser, { kind, origin: server.origin, build: join(folder.app, build) });
    await work(visitors, server);
  } catch (error) {
    throw new Error(`${(error as Error).message}\nThe server's log:\n${server.log()}`, { cause: error });
  } finally {
    await visitors?.close();
    await server.stop();
  }
}

/**
 * What is no complaint: a setting of Next that is off; and, in a process that webpack holds up for many seconds, an actor that the engine has
 * started anew meanwhile.
 */
const harmless = [/⨯ \w+$/, /Another incarnation of the actor has taken over its journal/];

/** Kawa has nothing to say to an app that does everything right. */
function checkLog(log: string): void {
  const lines = log.split("\n").filter((line) => /\[kawa\]|\bError:|⨯/.test(line));
  const complaints = lines.filter((line) => !harmless.some((each) => each.test(line)));
  if (complaints.length > 0) throw new Error(`The server complained:\n${complaints.join("\n")}`);
}

/** Elsewhere it has to have everything with it; where it was built, the next build keeps its values. */
async function tryStandalone(way: Way): Promise<void> {
  const { folder, node, tried } = way;
  const place = mkdtempSync(join(tmpdir(), "kawa-deployed-"));
  try {
    const target = deploy(folder, join(place, "app"));
    const [size] = execFileSync("du", ["-sm", place], { encoding: "utf8" }).split("\t");
    tried.set("deployed", `${size} MB`);
    if (existsSync(join(folder.app, ".rivet"))) throw new Error("The build has begun a data folder.");
    // What is left of the app must not help it.
    const away = `${folder.root}-away`;
    renameSync(folder.root, away);
    try {
      await tryServer(way, { command: [node, "server.js"], cwd: target, env: { KAWA_DATA_DIR: join(place, "data") } });
    } finally {
      renameSync(away, folder.root);
    }
  } finally {
    rmSync(place, { recursive: true, force: true, maxRetries: 5 });
  }
  if (way.kind.isRebuilt) await timed(way.tried, "next build", () => tryNextBuild(way));
}

async function tryNextBuild(way: Way): Promise<void> {
  const { kind, folder, node } = way;
  const server = relative(folder.root, folder.app);
  const cwd = join(folder.app, ".next/standalone", server);
  const options = { command: [node, "server.js"], cwd, home: "/" };
  const linkFiles = (): void =>
    cpSync(join(folder.app, ".next/static"), join(cwd, ".next/static"), { recursive: true });
  let before = 0;
  linkFiles();
  await withVisitors(way, options, ".next", async (visitors) => {
    await visitors.write();
    before = visitors.count;
  });
  build(node, folder.app, kind.flags);
  linkFiles();
  await withVisitors(way, options, ".next", async (visitors) => {
    if (visitors.count !== before)
      throw new Error(`After the next build the page shows ${visitors.count} instead of ${before}.`);
  });
}

/** Follows the Dockerfile of docs/deploying.md, then runs the image as the page says: not as root, with one folder that can be written. */
async function tryContainer(way: Way): Promise<void> {
  const reason = whyNoRoots();
  if (reason !== undefined) return void way.tried.set("live", `not tried: ${reason}`);
  const { folder } = way;
  const ignored = fileInDocs(".dockerignore")
    .split("\n")
    .slice(1)
    .filter((line) => line !== "");
  completeLock(join(folder.app, "package-lock.json"));
  const image = new ImageBuild({ folder: folder.app, ignored, packages: unpublished(folder.app) });
  const data = mkdtempSync(join(tmpdir(), "kawa-volume-"));
  try {
    const { root, workdir, user, env, volumes, command } = image.run(fileInDocs("Dockerfile"));
    if (user === 0) throw new Error("The image runs as root.");
    // A new volume has the owner of the folder in the image.
    const owner = statSync(join(root, volumes[0]!));
    chownSync(data, owner.uid, owner.gid);
    const options = {
      cwd: workdir,
      user,
      env: { ...env, PORT: "{port}" },
      isReadOnly: true,
      volumes: { [volumes[0]!]: data },
    };
    await tryServer(way, { command: inRoot(root, { ...options, command }), isChild: true });
  } finally {
    image.delete();
    rmSync(data, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function timed(tried: Tried, step: Parameters<Tried["set"]>[0], work: () => unknown): Promise<void> {
  const startedAt = performance.now();
  tried.set(step, "FAILED");
  await work();
  tried.set(step, `${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
}
