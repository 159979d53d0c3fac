import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { getFreePort } from "../e2e/support/process.ts";

// Streams take their connections over from Next (`socket-output`). Builds a small app with another version of Next, in a temporary folder,
// and sees whether they still do; and whether they go through the body of the answer where Node does not end the connection itself.
//
//     npm run test:canary [-- 16.5.0-canary.38]     without a version: the newest prerelease of the registry

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "kawa-canary-"));
const waitMs = 60_000;
const eventGapMs = 1_000;

const files: Readonly<Record<string, string>> = {
  "next.config.ts": `import { withKawa } from "kawa/next/config";
export default { ...withKawa(), turbopack: { root: "/" }, typescript: { ignoreBuildErrors: true } };`,
  "instrumentation.ts": `export async function register() {
  if (process.env.NEXT_RUNTIME === "nodejs") (await import("kawa/next")).startKawa();
}`,
  "app/layout.tsx": `import { LiveUpdates } from "kawa/next";
export default function Layout({ children }: { children: React.ReactNode }) {
  return <html><body>{children}<LiveUpdates /></body></html>;
}`,
  "app/page.tsx": `export default function Page() { return "page"; }`,
  "app/api/reactive/route.ts": `import { createReactiveRoute } from "kawa/next";
export const { POST } = createReactiveRoute({ pingIntervalMs: ${eventGapMs} });`,
  // Node keeps connections that it would have ended.
  "keep.mjs": `import { ServerResponse } from "node:http";
Object.defineProperty(ServerResponse.prototype, "_last", { get: () => false, set() {} });`,
};

function newestPrerelease(): string {
  const view = (field: string): unknown =>
    JSON.parse(execFileSync("npm", ["view", "next", field, "--json"], { encoding: "utf8" }));
  const { canary } = view("dist-tags") as { canary?: string };
  return canary ?? (view("versions") as string[]).findLast((version) => version.includes("-canary."))!;
}

/** Everything but Next is the same as here. */
function install(version: string): void {
  const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const packages = [`next@${version}`, `react@${dependencies["react"]}`, `react-dom@${dependencies["react-dom"]}`];
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--legacy-peer-deps", ...packages], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const modules = join(folder, "node_modules");
  const found = readdirSync(join(root, "node_modules")).filter((name) => !name.startsWith(".") && name !== "kawa");
  for (const name of found) {
    const names = name.startsWith("@")
      ? readdirSync(join(root, "node_modules", name)).map((own) => `${name}/${own}`)
      : [name];
    for (const each of names) {
      if (existsSync(join(modules, each))) continue;
      mkdirSync(dirname(join(modules, each)), { recursive: true });
      symlinkSync(join(root, "node_modules", each), join(modules, each));
    }
  }
  cpSync(join(root, "packages/kawa/src"), join(modules, "kawa/src"), { recursive: true });
  cpSync(join(root, "packages/kawa/package.json"), join(modules, "kawa/package.json"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

const next = join(folder, "node_modules/next/dist/bin/next");

async function start(port: number, nodeArgs: readonly string[]): Promise<ChildProcess> {
  const server = spawn(process.execPath, [...nodeArgs, next, "start", "--port", String(port)], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const end = Date.now() + waitMs;
  while (Date.now() < end && server.exitCode === null) {
    const isUp = await fetch(`http://localhost:${port}/`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return server;
    await sleep(100);
  }
  server.kill();
  throw new Error("The app did not start.");
}

type Seen = { readonly hasEvents: boolean; readonly isDirect: boolean };

/** Opens a stream, and waits for its hello and for what comes later, when Next has long answered. */
function openStream(port: number): Promise<Seen> {
  return new Promise((resolve) => {
    let headers: IncomingHttpHeaders | undefined;
    let text = "";
    const asked = request(
      { port, method: "POST", path: "/api/reactive", headers: { "content-type": "application/json" } },
      (answer) => {
        ({ headers } = answer);
        answer.setEncoding("utf8").on("data", (piece: string) => {
          text += piece;
          if (text.includes("event: ping")) asked.destroy();
        });
        answer.on("close", finish);
      },
    );
    const timer = setTimeout(() => asked.destroy(), waitMs);
    const finish = (): void => {
      clearTimeout(timer);
      const hasEvents = text.includes("event: hello") && text.includes("event: ping");
      resolve({ hasEvents, isDirect: headers !== undefined && headers["transfer-encoding"] === undefined });
    };
    asked.on("error", finish);
    asked.end(JSON.stringify({ tabs: { one: { route: [] } } }));
  });
}

/** What the first stream of a server sees, and the next one. */
async function openTwo(nodeArgs: readonly string[]): Promise<readonly [Seen, Seen]> {
  const port = await getFreePort();
  const server = await start(port, nodeArgs);
  try {
    return [await openStream(port), await openStream(port)];
  } finally {
    const ended = new Promise((done) => server.once("exit", done));
    server.kill("SIGTERM");
    await ended;
  }
}

try {
  const version = process.argv[2] ?? newestPrerelease();
  console.log(`next ${version}`);
  install(version);
  const { status, stdout, stderr } = spawnSync(process.execPath, [next, "build"], { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`The build failed:\n${stdout}\n${stderr}`);

  const [first, second] = await openTwo([]);
  if (!second.hasEvents) throw new Error(`A stream got no events: ${JSON.stringify([first, second])}`);
  console.log(
    first.hasEvents && first.isDirect
      ? "Streams go straight to their connections."
      : "Streams go through the body of the answer: this version of Next or Node ends connections in another way. They work, with more memory.",
  );

  const [tried, later] = await openTwo(["--import", join(folder, "keep.mjs")]);
  if (tried.hasEvents && tried.isDirect) throw new Error("A connection that Node keeps was taken over.");
  if (!later.hasEvents || later.isDirect)
    throw new Error("After a connection that Node keeps, a stream got no events.");
  console.log("Where Node keeps connections, the first stream ends, and later ones go through the body of the answer.");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
