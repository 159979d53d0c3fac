import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { chromium, expect } from "@playwright/test";
import { chromiumArgs, ensureChromium } from "../e2e/chromium.ts";
import { filesOf } from "../packages/kawa/test/support/files-of.ts";
import { getFreePort } from "../e2e/support/process.ts";
import { pack } from "./pack.ts";

// What strangers do. One has an app of Next already: installs the tarball, runs `kawa init`, shows a signal on a page, and sees it change.
// The other makes a new app with `kawa create`, and follows the recipe there.

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "kawa-init-"));
const elsewhere = mkdtempSync(join(tmpdir(), "kawa-create-"));
const waitMs = 60_000;

type Manifest = Record<"dependencies" | "devDependencies" | "overrides", Record<string, string>>;
const { dependencies, devDependencies, overrides } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
) as Manifest;

/** As `create-next-app` makes it, with `src/` and a `basePath`. */
const app = {
  "src/app/layout.tsx": `export default function RootLayout({ children }: Readonly<{ children: React.ReactNode }>) {
  return (
    <html lang="en">
      <body className="plain">{children}</body>
    </html>
  );
}
`,
  "src/app/page.tsx": `export default function Home() {
  return <h1>Plain</h1>;
}
`,
  "next.config.ts": `import type { NextConfig } from "next";

const nextConfig: NextConfig = {
  basePath: "/shop",
};

export default nextConfig;
`,
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      target: "ES2023",
      lib: ["dom", "dom.iterable", "esnext"],
      module: "esnext",
      moduleResolution: "bundler",
      jsx: "react-jsx",
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      esModuleInterop: true,
      resolveJsonModule: true,
      isolatedModules: true,
      incremental: true,
      plugins: [{ name: "next" }],
      paths: { "@/*": ["./src/*"] },
    },
    include: ["next-env.d.ts", "**/*.ts", "**/*.tsx"],
    exclude: ["node_modules"],
  }),
};

/** What its author writes then. */
const live = {
  "src/app/page.tsx": `import { read } from "kawa";
import { counter } from "@/lib/signals";
import { increment } from "./actions";

export default async function Home() {
  return (
    <form action={increment}>
      <output>{await read(counter)}</output>
      <button>+1</button>
    </form>
  );
}
`,
  "src/app/actions.ts": `"use server";
import { counter } from "@/lib/signals";

export async function increment(): Promise<void> {
  await counter.update((n) => n + 1);
}
`,
};

function write(files: Readonly<Record<string, string>>, to = folder): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    writeFileSync(join(to, path), text);
  }
}

function run(cwd: string, command: string, ...args: string[]): void {
  const startedAt = performance.now();
  execFileSync(command, args, { cwd, stdio: ["ignore", "inherit", "inherit"] });
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  console.log(`${basename(command)} ${args.slice(0, 2).join(" ")}: ${seconds} s`);
}

/** Runs the command of the installed package. Returns what it says, with its exit code. */
function kawa(...args: string[]): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync(join(folder, "node_modules/.bin/kawa"), args, {
    cwd: folder,
    encoding: "utf8",
  });
  console.log(`kawa ${args.join(" ")}: ${status}\n${stdout}${stderr}`);
  return { status, said: stdout + stderr };
}

function install(tarball: string): void {
  const { "@arethetypeswrong/core": _tools, vite: _vite, ...ofApps } = overrides;
  write({ ...app, "package.json": JSON.stringify({ name: "plain", private: true, overrides: ofApps }) });
  const versions = (packages: Record<string, string>, names: string[]) =>
    names.map((name) => `${name}@${packages[name]}`);
  run(
    folder,
    "npm",
    "install",
    "--prefer-offline",
    `kawa@file:${tarball}`,
    ...versions(dependencies, ["next", "react", "react-dom", "rivetkit"]),
    ...versions(devDependencies, ["@types/node", "@types/react", "@types/react-dom", "typescript"]),
  );
}

async function start(cwd: string, address: string, port: number): Promise<ChildProcess> {
  const next = join(cwd, "node_modules/next/dist/bin/next");
  const server = spawn(process.execPath, [next, "start", "--port", String(port)], {
    cwd,
    stdio: ["ignore", "inherit", "inherit"],
  });
  await expect(async () => {
    if (server.exitCode !== null) throw new Error(`The server ended with ${server.exitCode}.`);
    expect((await fetch(address)).status).toBe(200);
  }).toPass({ timeout: waitMs });
  return server;
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((done) => server.once("exit", done));
  server.kill("SIGTERM");
  await ended;
}

type Trial = { readonly cwd: string; readonly path: string; readonly button: string };

/** Two people see what one of them writes, and so does who comes after a restart. */
async function tryIt({ cwd, path, button }: Trial, whileLive: (address: string) => void = () => {}): Promise<void> {
  const port = await getFreePort();
  const address = `http://localhost:${port}${path}`;
  const browser = await chromium.launch({ executablePath: ensureChromium(), args: chromiumArgs });
  let server = await start(cwd, address, port);
  try {
    const [one, other] = [await browser.newPage(), await browser.newPage()];
    for (const page of [one, other]) {
      await page.goto(address);
      await expect(page.locator("output")).toHaveText("0", { timeout: waitMs });
    }
    await one.getByRole("button", { name: button }).click();
    for (const page of [one, other]) await expect(page.locator("output")).toHaveText("1", { timeout: waitMs });
    whileLive(address);
    await stop(server);
    server = await start(cwd, address, port);
    expect(await (await fetch(address)).text()).toContain("<output>1</output>");
    console.log(`${basename(cwd)}: live, and durable`);
  } finally {
    await browser.close();
    await stop(server);
  }
}

/** Five files, none of which names a backend. */
async function tryInit(): Promise<void> {
  expect(kawa("doctor").status).toBe(1);
  expect(kawa("init").said).toContain("Run it again with --yes");
  expect(kawa("init", "--yes").status).toBe(0);
  expect(kawa("init").said).toContain("No file has to be changed.");
  expect(kawa("doctor").status).toBe(0);
  write(live);
  run(folder, join(folder, "node_modules/.bin/next"), "build");
  await tryIt({ cwd: folder, path: "/shop", button: "+1" }, (address) =>
    expect(kawa("doctor", "--url", address).status).toBe(0),
  );
  expect(kawa("init", "--undo", "--yes").status).toBe(0);
  for (const path of ["src/app/layout.tsx", "next.config.ts"] as const)
    expect(readFileSync(join(folder, path), "utf8")).toBe(app[path]);
}

async function tryCreate(tarball: string): Promise<void> {
  run(elsewhere, "npx", "--yes", `--package=${tarball}`, "kawa", "create", "made", "--empty");
  const made = join(elsewhere, "made");
  const [size] = execFileSync("du", ["-sm", "node_modules"], { cwd: made, encoding: "utf8" }).split("\t");
  console.log(`node_modules of the new app: ${size} MB`);
  expect(execFileSync("git", ["status", "--porcelain"], { cwd: made, encoding: "utf8" })).toBe("");
  for (const script of ["typecheck", "doctor", "build"]) run(made, "npm", "run", script);
  await tryIt({ cwd: made, path: "/", button: "Add 1" });
  write(Object.fromEntries(filesOf(readFileSync(join(root, "docs/recipe.md"), "utf8"))), made);
  for (const script of ["typecheck", "test", "build"]) run(made, "npm", "run", script);
}

try {
  const tarball = pack();
  install(tarball);
  await tryInit();
  await tryCreate(tarball);
} finally {
  for (const path of [folder, elsewhere]) rmSync(path, { recursive: true, force: true, maxRetries: 5 });
}
